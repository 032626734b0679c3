// An API that accepts patchbay's access tokens. It judges them by itself, with the issuer's keys and
// the package jose: npm install jose
import { createServer } from "node:http";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const base = process.env.PATCHBAY ?? "http://127.0.0.1:8080";
const [host, port] = (process.env.LISTEN ?? "127.0.0.1:8090").split(":");

const metadata = await (await fetch(`${base}/id/.well-known/openid-configuration`)).json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));

async function judge(authorization) {
  const [scheme, token] = (authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || !token) return { status: 401, challenge: "Bearer" };
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: metadata.issuer, audience: "contact-centre", // an API accepts tokens that name it
      typ: "at+jwt", algorithms: ["ES256"], // an ID token is no access token
      requiredClaims: ["exp", "sub", "client_id", "jti"],
    });
    if (!payload.scope.split(" ").includes("contact-centre")) return { status: 403, challenge: 'Bearer error="insufficient_scope"' };
    return { status: 200, user: payload.sub, tenant: payload.tenant };
  } catch (error) {
    // No matching key, a wrong signature, a claim that is not as it must be. Everything else is trouble
    // with fetching the keys, which says nothing about the token.
    const invalid = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== "ERR_JOSE_GENERIC";
    return invalid ? { status: 401, challenge: 'Bearer error="invalid_token"' } : { status: 503, retry: "2" };
  }
}

const server = createServer(async (request, response) => {
  const verdict = await judge(request.headers.authorization);
  if (verdict.challenge) response.setHeader("WWW-Authenticate", verdict.challenge);
  if (verdict.retry) response.setHeader("Retry-After", verdict.retry);
  response.writeHead(verdict.status).end(verdict.status === 200 ? `calls of user ${verdict.user} at ${verdict.tenant}\n` : "");
});
server.listen(Number(port), host, () => console.log(`Listening on http://${host}:${server.address().port}`));
