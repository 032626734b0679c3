// The authorization code flow with PKCE (RFC 7636) for a client that can keep no secret, without a library.
const { issuer, client } = document.body.dataset
const here = location.origin + location.pathname
const show = (id) => document.getElementById(id)

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

async function fetchJSON(address, options) {
  const answer = await fetch(address, options)
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${body.error}: ${body.error_description}`)
  return body
}

// login leaves for patchbay. What the way back is checked against stays in this tab.
async function login(metadata) {
  const begun = { state: random(), nonce: random(), verifier: random() }
  sessionStorage.setItem('begun', JSON.stringify(begun))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier))
  location.assign(metadata.authorization_endpoint + '?' + new URLSearchParams({
    response_type: 'code', client_id: client, redirect_uri: here, scope: 'openid profile email',
    state: begun.state, nonce: begun.nonce, code_challenge: base64url(digest), code_challenge_method: 'S256',
  }))
}

// finish exchanges what the browser brought back.
async function finish(metadata, callback) {
  const begun = JSON.parse(sessionStorage.getItem('begun') ?? '{}')
  sessionStorage.removeItem('begun')
  history.replaceState(null, '', here) // a code in the address would be kept in the history
  if (callback.get('state') !== begun.state) throw new Error('this came back, but no login was begun here')
  if (callback.get('iss') !== issuer) throw new Error('somebody else answered') // RFC 9207
  if (callback.has('error')) throw new Error(callback.get('error_description') ?? callback.get('error'))
  const tokens = await fetchJSON(metadata.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code', code: callback.get('code'), redirect_uri: here,
      client_id: client, code_verifier: begun.verifier,
    }),
  })
  const claims = JSON.parse(atob(tokens.id_token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
  if (claims.nonce !== begun.nonce) throw new Error('the ID token is of another login')
  return tokens
}

async function greet(metadata, tokens) {
  const claims = await fetchJSON(metadata.userinfo_endpoint, { headers: { Authorization: `Bearer ${tokens.access_token}` } })
  show('who').textContent = `Signed in as ${claims.name}`
  show('claims').textContent = JSON.stringify(claims, null, 2)
  show('claims').hidden = show('logout').hidden = false
  show('login').hidden = true
  show('logout').addEventListener('click', () => {
    location.assign(metadata.end_session_endpoint + '?' + new URLSearchParams({
      id_token_hint: tokens.id_token, post_logout_redirect_uri: here,
    }))
  })
}

try {
  const metadata = await fetchJSON(issuer + '/.well-known/openid-configuration')
  show('login').addEventListener('click', () => login(metadata))
  const callback = new URLSearchParams(location.search)
  if (callback.has('state')) await greet(metadata, await finish(metadata, callback))
} catch (error) {
  show('who').textContent = `That did not work: ${error.message}`
  show('who').className = 'bad'
}
