// Uses npm's openid-client, the library that OpenID Connect's own examples are written with.
//
//   node openid-client.mjs '{"issuer":"…","client":{"id":"…","secret":"…","redirect_uri":"…",
//     "post_logout_redirect_uri":"…"},"signer":{"id":"…","key":{…a private JWK…}},"user_id":"…"}'
import assert from 'node:assert/strict'
import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { config, step, visit } from './talk.mjs'

const { client, signer } = config
const scope = 'openid profile email offline_access contact-centre'

// discover returns the library's view of patchbay for one way of client authentication. Loopback has no
// https; signatures are checked even where TLS would do.
function discover(id, authentication, metadata = {}) {
  return oidc.discovery(new URL(config.issuer), id, metadata, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  })
}

// login runs the authorization code flow with everything the library can check.
async function login(rp, ask = oidc.buildAuthorizationUrl, extra = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const address = await ask(rp, {
    redirect_uri: client.redirect_uri,
    scope,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...extra,
  })
  const callback = await visit(address, client.redirect_uri)
  return oidc.authorizationCodeGrant(rp, callback, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge: extra.max_age,
  })
}

const rp = await step('discovery', () => discover(client.id, oidc.ClientSecretBasic(client.secret)))

let tokens = await step('code + PKCE + nonce', async () => {
  const tokens = await login(rp, oidc.buildAuthorizationUrl, { max_age: 3600 })
  assert.equal(tokens.claims().sub, config.user_id)
  assert.equal(tokens.expiresIn() > 0, true)
  return tokens
})

await step('userinfo', async () => {
  const claims = await oidc.fetchUserInfo(rp, tokens.access_token, config.user_id)
  assert.equal(typeof claims.email, 'string')
})

await step('refresh', async () => {
  const before = tokens.claims()
  tokens = await oidc.refreshTokenGrant(rp, tokens.refresh_token)
  const { sub, sid, auth_time: authTime } = tokens.claims()
  assert.deepEqual({ sub, sid, authTime }, { sub: before.sub, sid: before.sid, authTime: before.auth_time })
})

await step('introspection', async () => {
  const seen = await oidc.tokenIntrospection(rp, tokens.access_token)
  assert.equal(seen.active, true)
  assert.equal(seen.sub, config.user_id)
})

await step('signed introspection', async () => {
  const careful = await discover(client.id, oidc.ClientSecretBasic(client.secret), { introspection_signed_response_alg: 'RS256' })
  const seen = await oidc.tokenIntrospection(careful, tokens.access_token)
  assert.equal(seen.active, true)
})

await step('client_secret_post', async () => {
  const posting = await discover(client.id, oidc.ClientSecretPost(client.secret))
  assert.equal((await oidc.tokenIntrospection(posting, tokens.access_token)).active, true)
})

await step('revocation', async () => {
  await oidc.tokenRevocation(rp, tokens.refresh_token)
  assert.deepEqual(await oidc.tokenIntrospection(rp, tokens.access_token), { active: false })
  await assert.rejects(oidc.refreshTokenGrant(rp, tokens.refresh_token), { error: 'invalid_grant' })
})

await step('hybrid', async () => {
  const hybrid = await discover(client.id, oidc.ClientSecretBasic(client.secret))
  oidc.useCodeIdTokenResponseType(hybrid)
  assert.equal((await login(hybrid)).claims().sub, config.user_id)
})

await step('pushed authorization request', async () => {
  const pushed = await login(rp, oidc.buildAuthorizationUrlWithPAR)
  assert.equal(pushed.claims().sub, config.user_id)
})

await step('device', async () => {
  const device = await oidc.initiateDeviceAuthorization(rp, { scope })
  assert.match(device.user_code, /\w/)
  const waiting = oidc.pollDeviceAuthorizationGrant(rp, device)
  await visit(device.verification_uri_complete)
  const tokens = await waiting
  assert.equal(tokens.claims().sub, config.user_id)
  await oidc.refreshTokenGrant(rp, tokens.refresh_token)
})

await step('client_credentials', async () => {
  const own = await oidc.clientCredentialsGrant(rp, { scope: 'contact-centre' })
  assert.equal((await oidc.tokenIntrospection(rp, own.access_token)).sub, client.id)
})

await step('private_key_jwt', async () => {
  const key = await importJWK(signer.key, 'ES256')
  const signing = await discover(signer.id, oidc.PrivateKeyJwt({ key, kid: signer.key.kid }))
  const own = await oidc.clientCredentialsGrant(signing)
  assert.equal((await oidc.tokenIntrospection(signing, own.access_token)).sub, signer.id)
})

await step('end session', async () => {
  const last = await login(rp)
  const home = new URL(client.post_logout_redirect_uri)
  const left = await visit(oidc.buildEndSessionUrl(rp, {
    id_token_hint: last.id_token, post_logout_redirect_uri: home.href, state: 'bye',
  }), home.href)
  assert.equal(left.searchParams.get('state'), 'bye')
  assert.deepEqual(await oidc.tokenIntrospection(rp, last.access_token), { active: false })
  await assert.rejects(login(rp, oidc.buildAuthorizationUrl, { prompt: 'none' }), { error: 'login_required' })
})
process.exit(0)
