// Runs identity providers on npm's samlp, which Auth0 makes, at the socket that is inherited as file
// descriptor 3.
//
//   node samlp.mjs '{"origin":"http://127.0.0.1:PORT","cert":"PEM","key":"PEM",
//     "person":{…a Passport profile…},"services":{"sha1":{"signatureAlgorithm":"rsa-sha1"}}}'
//
// Every service is an identity provider of its own below {origin}/{name}, and its options are the library's.
// All have one certificate. Whoever comes is the person: there is no page to log in at. Prints {} when it
// is ready.
import express from 'express'
import samlp from 'samlp'

const config = JSON.parse(process.argv[2])
const app = express()
app.use(express.urlencoded({ extended: false, limit: '1mb' }))
for (const [name, options] of Object.entries(config.services)) {
  const own = { issuer: `${config.origin}/${name}`, cert: config.cert, key: config.key }
  app.get(`/${name}/FederationMetadata/2007-06/FederationMetadata.xml`, samlp.metadata(own))
  app.use(`/${name}`, samlp.auth({
    ...own,
    getUserFromRequest: () => config.person,
    getPostURL: (_audience, request, _req, done) => done(null, request.documentElement.getAttribute('AssertionConsumerServiceURL')),
    ...options,
  }))
}
app.use((error, _request, response, _next) => response.status(400).send(`<p>${error.message}</p>`))
app.listen({ fd: 3 }, () => console.log('{}'))
process.stdin.on('close', () => process.exit(0)).resume()
