"""Gets a token without a person, and asks about it as an API would. Standard library only."""

import base64
import json
import os
import urllib.parse
import urllib.request

BASE = os.environ.get("PATCHBAY", "http://127.0.0.1:8080")


def post(url, client, secret, **form):
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Authorization": "Basic " + basic}), timeout=10) as r:
        return json.load(r)


with urllib.request.urlopen(BASE + "/id/.well-known/openid-configuration", timeout=10) as r:
    metadata = json.load(r)

tokens = post(metadata["token_endpoint"], "reporting", "demo-only-reporting-secret-0123456789",
              grant_type="client_credentials", scope="contact-centre:10010:4711")  # as user 4711 of tenant 10010
print("token:", tokens["token_type"], tokens["scope"])

answer = post(metadata["introspection_endpoint"], "api", "demo-only-api-secret-01234567890123456",
              token=tokens["access_token"])
print("introspection:", answer["active"], answer.get("client_id"), answer.get("sub"))
