// Gets a token without a person, and asks about it as an API would. Node.js 20, no packages.
const base = process.env.PATCHBAY ?? "http://127.0.0.1:8080";

async function post(url, client, secret, form) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: "Basic " + Buffer.from(`${client}:${secret}`).toString("base64") },
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(10_000),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${body.error}: ${body.error_description}`);
  return body;
}

const metadata = await (await fetch(`${base}/id/.well-known/openid-configuration`)).json();

const tokens = await post(metadata.token_endpoint, "reporting", "demo-only-reporting-secret-0123456789", {
  grant_type: "client_credentials",
  scope: "contact-centre:10010:4711", // as user 4711 of tenant 10010
});
console.log("token:", tokens.token_type, tokens.scope);

const answer = await post(metadata.introspection_endpoint, "api", "demo-only-api-secret-01234567890123456", {
  token: tokens.access_token,
});
console.log("introspection:", answer.active, answer.client_id, answer.sub);
