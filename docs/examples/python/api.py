"""An API that accepts patchbay's access tokens. It asks patchbay about every one, and so sees a
revocation at once. Standard library only."""

import base64
import http.server
import json
import os
import urllib.error
import urllib.parse
import urllib.request

BASE = os.environ.get("PATCHBAY", "http://127.0.0.1:8080")
HOST, PORT = os.environ.get("LISTEN", "127.0.0.1:8090").rsplit(":", 1)
CREDENTIALS = base64.b64encode(b"api:demo-only-api-secret-01234567890123456").decode()

with urllib.request.urlopen(BASE + "/id/.well-known/openid-configuration", timeout=10) as r:
    INTROSPECTION = json.load(r)["introspection_endpoint"]


def introspect(token):
    data = urllib.parse.urlencode({"token": token}).encode()
    request = urllib.request.Request(INTROSPECTION, data, {"Authorization": "Basic " + CREDENTIALS})
    with urllib.request.urlopen(request, timeout=5) as r:
        return json.load(r)


class API(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return self.answer(401, challenge="Bearer")
        try:
            seen = introspect(token.strip())
        except (urllib.error.URLError, TimeoutError):  # it could not be judged: that says nothing about it
            return self.answer(503, retry="2")
        if not seen["active"] or "contact-centre" not in seen["aud"]:
            return self.answer(401, challenge='Bearer error="invalid_token"')
        if "contact-centre" not in seen["scope"].split():
            return self.answer(403, challenge='Bearer error="insufficient_scope"')
        self.answer(200, f"calls of user {seen['sub']} at {seen['tenant']}\n")

    def answer(self, status, text="", challenge=None, retry=None):
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        if retry:
            self.send_header("Retry-After", retry)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((HOST, int(PORT)), API)
print(f"Listening on http://{HOST}:{server.server_port}", flush=True)
server.serve_forever()
