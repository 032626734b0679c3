// Runs npm's oidc-provider as an upstream identity provider for patchbay's tests.
//
//   node op.mjs '{"port":0,"client_id":"…","client_secret":"…","redirect_uris":["…"]}'
//
// Prints one line of JSON, {"issuer":"http://localhost:PORT"}, when it is ready. Any login name is
// accepted with any password; it becomes sub, and <login>@acme.example the verified e-mail.
import http from 'node:http'
import Provider from 'oidc-provider'

const config = JSON.parse(process.argv[2])
const server = http.createServer()
server.listen(config.port, 'localhost', () => {
  const issuer = `http://localhost:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [{
      client_id: config.client_id,
      client_secret: config.client_secret,
      redirect_uris: config.redirect_uris,
      grant_types: ['authorization_code'],
      response_types: ['code'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a test, not a secret'] },
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@acme.example`, email_verified: true, name: id }),
    }),
  })
  server.on('request', provider.callback())
  console.log(JSON.stringify({ issuer }))
})
process.stdin.on('close', () => process.exit(0)).resume()
