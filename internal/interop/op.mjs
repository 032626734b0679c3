// Runs npm's oidc-provider as an upstream identity provider for patchbay's tests.
//
//   node op.mjs '{"clients":[{"client_id":"…","client_secret":"…","redirect_uris":["…"]}]}'
//
// The clients are described by their metadata. With "origin" beside them the provider listens at the socket that
// is inherited as file descriptor 3, which is there; otherwise on a free port of localhost. Prints one line of
// JSON, {"issuer":"http://localhost:PORT"}, when it is ready. Any login name is accepted with any password; it
// becomes sub, and <login>@acme.example the verified e-mail.
//
// Every line of its input is an order to sign with a new key from now on, to publish no other, and to fetch the
// keys of its clients anew when it needs them: what it knew of those it has forgotten.
import { generateKeyPairSync } from 'node:crypto'
import http from 'node:http'
import readline from 'node:readline'
import Provider from 'oidc-provider'
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js'

const { origin, clients } = JSON.parse(process.argv[2])

// provide makes a provider with a new key. What people have done at an earlier one, it knows.
function provide(issuer) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider(issuer, {
    adapter: (model) => new MemoryAdapter(model),
    clients: clients.map((client) => ({ grant_types: ['authorization_code'], response_types: ['code'], ...client })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a test, not a secret'] },
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    // The library connects to no address of this machine, unless it is asked in this way.
    fetch: (address, { dispatcher: _, ...options }) => fetch(address, options),
    jwks: { keys: [privateKey.export({ format: 'jwk' })] },
    pkce: { required: () => true },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@acme.example`, email_verified: true, name: id }),
    }),
  })
  provider.on('backchannel.error', (_ctx, error) => console.error(error.message))
  return provider.callback()
}

const server = http.createServer((request, response) => answer(request, response))
let answer
server.listen(origin ? { fd: 3 } : { port: 0, host: 'localhost' }, async () => {
  const issuer = origin ?? `http://localhost:${server.address().port}`
  answer = provide(issuer)
  console.log(JSON.stringify({ issuer }))
  for await (const _order of readline.createInterface({ input: process.stdin })) {
    answer = provide(issuer)
  }
  process.exit(0)
})
