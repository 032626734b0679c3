// Runs identity providers on npm's samlp, which Auth0 makes, at the socket that is inherited as file
// descriptor 3.
//
//   node samlp.mjs '{"origin":"http://127.0.0.1:PORT","cert":"PEM","key":"PEM",
//     "person":{…a Passport profile…},"services":{"sha1":{"signatureAlgorithm":"rsa-sha1"}}}'
//
// Every service is an identity provider of its own below {origin}/{name}, and its options are the library's.
// All have one certificate. Whoever comes is the person: there is no page to log in at. Prints {} when it
// is ready.
//
// A service with "participant" in its options remembers who has logged in, after a page that asks for a password
// and takes any; and it logs out at {origin}/{name}/logout, those who come by themselves too. The participant
// is the service provider, as the library describes one: its id, its address for logouts, its certificate, its
// binding. "logout" has options for that alone.
import { randomUUID } from 'node:crypto'
import express from 'express'
import samlp from 'samlp'
import SessionParticipants from 'samlp/lib/sessionParticipants/index.js'

const config = JSON.parse(process.argv[2])
const app = express()
app.use(express.urlencoded({ extended: false, limit: '1mb' }))
app.use((request, _response, next) => { request.body ??= {}; next() }) // of a GET; the library looks into it
for (const [name, { participant, logout, ...options }] of Object.entries(config.services)) {
  const own = { issuer: `${config.origin}/${name}`, cert: config.cert, key: config.key }
  app.get(`/${name}/FederationMetadata/2007-06/FederationMetadata.xml`, samlp.metadata({
    ...own, logoutEndpointPaths: participant ? { redirect: `/${name}/logout` } : {},
  }))
  const authenticate = (more) => samlp.auth({
    ...own,
    getUserFromRequest: () => config.person,
    getPostURL: (_audience, request, _req, done) => done(null, request.documentElement.getAttribute('AssertionConsumerServiceURL')),
    ...options,
    ...more,
  })
  app.use(`/${name}`, participant ? remember(name, participant, { ...own, ...logout }, authenticate) : authenticate())
}
app.use((error, _request, response, _next) => response.status(400).send(`<p>${error.message}</p>`))
app.listen({ fd: 3 }, () => console.log('{}'))
process.stdin.on('close', () => process.exit(0)).resume()

// remember makes the pages of a service that has sessions: a browser's cookie names one.
function remember(name, participant, own, authenticate) {
  const pages = express.Router(), sessions = new Map(), states = store()
  const sessionOf = ({ headers }) => headers.cookie?.split('; ').map((one) => one.split('=')).find(([key]) => key === name)?.[1]
  pages.post('/login', (request, response) => {
    const session = randomUUID()
    sessions.set(session, new SessionParticipants())
    response.cookie(name, session, { httpOnly: true }).redirect(303, request.body.then)
  })
  pages.use('/logout', (request, response, next) => {
    const session = sessionOf(request)
    samlp.logout({
      ...own, deflate: true, protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', store: states,
      sessionParticipants: sessions.get(session), clearIdPSession: (done) => { sessions.delete(session); done() },
    })(request, response, next)
  })
  pages.get('/', (request, response, next) => {
    const session = sessionOf(request)
    if (!sessions.has(session)) {
      response.send(`<form method="post" action="/${name}/login"><input type="password" name="password">
        <input type="hidden" name="then" value="${request.originalUrl.replaceAll('&', '&amp;')}"></form>`)
      return
    }
    const { id: nameId } = config.person
    sessions.get(session)._participants = [{
      ...participant, nameId, nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', sessionIndex: session,
    }]
    authenticate({ sessionIndex: session })(request, response, next)
  })
  return pages
}

// store keeps what the library knows of a logout under way.
function store() {
  const kept = new Map()
  const put = (id, state, done) => { kept.set(id, state); done(null, id) }
  return {
    save: (_request, state, done) => put(randomUUID(), state, done),
    update: (_request, id, state, done) => put(id, state, done),
    load(_request, id, options, done = options) {
      const state = kept.get(id)
      if (options.destroy) kept.delete(id)
      done(null, state)
    },
  }
}
