#!/usr/bin/env python3
"""Posts a refund, waits until somebody has decided, and prints how. Needs nothing but Python.

    TASKEY_SERVER=https://taskey.example.org TASKEY_API_KEY=tky_... python3 post.py A1 240

Run again for the same order, it goes on waiting for the same item.
"""

import json
import os
import sys
import urllib.request

SERVER = os.environ["TASKEY_SERVER"].rstrip("/")
KEY = os.environ["TASKEY_API_KEY"]


def call(method, path, body=None):
    """The answer's JSON; None where there is none."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(SERVER + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=90) as response:
        return json.load(response) if response.status != 204 else None


def ask(order, amount):
    """The item of this refund once it is over."""
    item = call("POST", "/api/v1/items", {
        "type": "refund",
        "external_id": f"refund-{order}",
        "fields": {"order": order, "amount": amount, "currency": "EUR"},
    })
    while True:
        # Answers as soon as it is over; after 50 seconds with nothing, and then one asks again.
        over = call("GET", f"/api/v1/items/{item['id']}/wait?wait=50")
        if over is not None:
            return over


if __name__ == "__main__":
    item = ask(sys.argv[1], float(sys.argv[2]))
    resolution = item["resolution"]
    print(resolution["name"] if resolution else item["state"])
    sys.exit(0 if resolution and not resolution["refusal"] else 2)
