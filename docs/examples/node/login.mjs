// Signs a person in: authorization code with PKCE, with nothing but Node.js 20. For a real application
// take a library that is certified, such as openid-client.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

const base = process.env.PATCHBAY ?? "http://127.0.0.1:8080";
const client = "agent-app", secret = "demo-only-agent-app-secret-0123456789";

async function fetchJSON(url, options = {}) {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000), ...options });
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${body.error}: ${body.error_description}`);
  return body;
}

const post = (url, form) => fetchJSON(url, {
  method: "POST",
  headers: { Authorization: "Basic " + Buffer.from(`${client}:${secret}`).toString("base64") },
  body: new URLSearchParams(form),
});

const metadata = await fetchJSON(`${base}/id/.well-known/openid-configuration`);
const state = randomBytes(32).toString("base64url");
const verifier = randomBytes(32).toString("base64url");

// On loopback the port may be any (RFC 8252 §7.3); the client has http://127.0.0.1/callback.
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const redirect_uri = `http://127.0.0.1:${server.address().port}/callback`;
const answered = new Promise((resolve) => server.on("request", (request, response) => {
  const at = new URL(request.url, redirect_uri);
  const ours = at.pathname === "/callback" && at.searchParams.get("state") === state;
  response.writeHead(ours ? 200 : 404, { Connection: "close" }).end(ours ? "You may close this window.\n" : "");
  if (ours) resolve(at.searchParams);
}));

console.log("Open", metadata.authorization_endpoint + "?" + new URLSearchParams({
  client_id: client, redirect_uri, response_type: "code", state,
  scope: "openid profile offline_access contact-centre",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256",
}));
const answer = await answered;
server.close();
if (answer.has("error")) throw new Error(`${answer.get("error")}: ${answer.get("error_description")}`);
if (answer.get("iss") !== metadata.issuer) throw new Error("the answer is another server's"); // RFC 9207

const tokens = await post(metadata.token_endpoint, {
  grant_type: "authorization_code", code: answer.get("code"), redirect_uri, code_verifier: verifier,
});

// The userinfo endpoint says who it is. To read the ID token instead, verify it with a JOSE library.
const person = await fetchJSON(metadata.userinfo_endpoint, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
console.log("signed in:", person.sub, person.name);

const fresh = await post(metadata.token_endpoint, { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
console.log("refreshed: another access token", fresh.access_token !== tokens.access_token,
  "another refresh token", fresh.refresh_token !== tokens.refresh_token);
