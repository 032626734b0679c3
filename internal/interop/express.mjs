// Runs a web application on npm's express-openid-connect, as its README shows it, at the socket that is
// inherited as file descriptor 3.
//
//   node express.mjs '{"base":"http://127.0.0.1:PORT","issuer":"…","client_id":"…","secret":"…"}'
//
// With a secret it uses the authorization code flow and listens to back-channel logout; without one,
// the library's default, an ID token posted by the browser. Prints {} when it is ready. The front page
// says who is signed in.
import express from 'express'
import express_openid_connect from 'express-openid-connect'

const config = JSON.parse(process.argv[2])

// A store of sessions as express-session has them: a real application would use Redis.
class Store {
  kept = new Map()
  get(id, done) { done(null, this.kept.get(id)) }
  set(id, session, done) { this.kept.set(id, session); done(null) }
  destroy(id, done) { this.kept.delete(id); done(null) }
}

const options = {
  issuerBaseURL: config.issuer,
  baseURL: config.base,
  clientID: config.client_id,
  secret: 'a test, not a secret, but long enough',
  authRequired: false,
  idpLogout: true,
  session: { name: config.client_id }, // cookies do not tell ports apart
}
if (config.secret) {
  Object.assign(options, {
    clientSecret: config.secret,
    authorizationParams: { response_type: 'code', scope: 'openid profile email' },
    session: { name: config.client_id, store: new Store() },
    backchannelLogout: true,
  })
}

const app = express()
app.use(express_openid_connect.auth(options))
app.get('/', async (request, response) => {
  if (!request.oidc.isAuthenticated()) return response.send('<p id="who">nobody</p>')
  const { sub } = request.oidc.user
  const info = config.secret ? await request.oidc.fetchUserInfo() : {}
  response.send(`<p id="who">${sub} ${info.email ?? ''}</p>`)
})
app.listen({ fd: 3 }, () => console.log('{}'))
process.stdin.on('close', () => process.exit(0)).resume()
