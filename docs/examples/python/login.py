"""Signs a person in: authorization code with PKCE, with nothing but the standard library."""

import base64
import hashlib
import http.server
import json
import os
import secrets
import urllib.parse
import urllib.request

BASE = os.environ.get("PATCHBAY", "http://127.0.0.1:8080")
CLIENT, SECRET = "agent-app", "demo-only-agent-app-secret-0123456789"


def get(url, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=10) as r:
        return json.load(r)


def post(url, **form):
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Authorization": "Basic " + basic}), timeout=10) as r:
        return json.load(r)


class Callback(http.server.BaseHTTPRequestHandler):
    """Takes what the browser brings back."""

    def do_GET(self):
        at = urllib.parse.urlsplit(self.path)
        answer = dict(urllib.parse.parse_qsl(at.query))
        ours = at.path == "/callback" and answer.get("state") == self.server.state
        self.send_response(200 if ours else 404)
        self.end_headers()
        if ours:
            self.wfile.write(b"You may close this window.\n")
            self.server.answer = answer

    def log_message(self, *_):
        pass


metadata = get(BASE + "/id/.well-known/openid-configuration")

# On loopback the port may be any (RFC 8252 §7.3); the client has http://127.0.0.1/callback.
server = http.server.HTTPServer(("127.0.0.1", 0), Callback)
redirect_uri = f"http://127.0.0.1:{server.server_port}/callback"
server.state, server.answer = secrets.token_urlsafe(32), None
verifier = secrets.token_urlsafe(32)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
query = urllib.parse.urlencode({
    "client_id": CLIENT, "redirect_uri": redirect_uri, "response_type": "code", "state": server.state,
    "scope": "openid profile offline_access contact-centre",
    "code_challenge": challenge, "code_challenge_method": "S256",
})
print("Open", metadata["authorization_endpoint"] + "?" + query, flush=True)
while server.answer is None:
    server.handle_request()
answer = server.answer
if "error" in answer:
    raise SystemExit(f"{answer['error']}: {answer.get('error_description')}")
if answer["iss"] != metadata["issuer"]:  # RFC 9207: another server's answer
    raise SystemExit("the answer is not from " + metadata["issuer"])

tokens = post(metadata["token_endpoint"], grant_type="authorization_code", code=answer["code"],
              redirect_uri=redirect_uri, code_verifier=verifier)

# The userinfo endpoint says who it is. To read the ID token instead, verify it with a JOSE library.
person = get(metadata["userinfo_endpoint"], {"Authorization": "Bearer " + tokens["access_token"]})
print("signed in:", person["sub"], person["name"])

fresh = post(metadata["token_endpoint"], grant_type="refresh_token", refresh_token=tokens["refresh_token"])
print("refreshed: another access token", fresh["access_token"] != tokens["access_token"],
      "another refresh token", fresh["refresh_token"] != tokens["refresh_token"])
