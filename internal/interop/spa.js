// The script of spa.html.
const asked = new URLSearchParams(location.search)
for (const name of ['issuer', 'scope']) {
  if (asked.has(name)) sessionStorage.setItem(name, asked.get(name))
}

const manager = new oidc.UserManager({
  authority: sessionStorage.getItem('issuer'),
  client_id: 'interop-spa',
  redirect_uri: `${location.origin}/callback`,
  silent_redirect_uri: `${location.origin}/silent`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: sessionStorage.getItem('scope'),
  loadUserInfo: true,
  automaticSilentRenew: false, // the test says when
})

function say(what) {
  document.querySelector('#said').textContent = JSON.stringify(what)
}

function told(user) {
  const { sub, email, sid } = user.profile
  return { sub, email, sid, scope: user.scope, at: user.access_token.slice(-16), refreshes: Boolean(user.refresh_token) }
}

const actions = {
  login: () => manager.signinRedirect(),
  logout: () => manager.signoutRedirect(),
  silent: async () => told(await manager.signinSilent()),
  refresh: async () => told(await manager.signinSilent()), // with a refresh token it needs no frame
  userinfo: async () => {
    const { userinfo_endpoint: endpoint } = await manager.metadataService.getMetadata()
    const user = await manager.getUser()
    const answer = await fetch(endpoint, { headers: { Authorization: `Bearer ${user.access_token}` } })
    return { status: answer.status, ...await answer.json() }
  },
}

for (const [name, action] of Object.entries(actions)) {
  document.querySelector(`#${name}`).addEventListener('click', () => {
    say('…')
    action().then((result) => result && say(result), (error) => say({ error: error.error ?? String(error) }))
  })
}

switch (location.pathname) {
  case '/callback':
    manager.signinRedirectCallback().then((user) => say(told(user)), (error) => say({ error: error.error ?? String(error) }))
    break
  case '/silent':
    manager.signinSilentCallback()
    break
  default:
    manager.getUser().then((user) => say(user ? told(user) : 'nobody'))
}
