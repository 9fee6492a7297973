#!/usr/bin/env python3
"""Takes in what taskey tells of items, and believes nothing that is not signed.

    pip install standardwebhooks
    TASKEY_WEBHOOK_SECRET=whsec_... PORT=8000 python3 receiver.py

What was told before is not done again, and what comes late is not done any more: seen.db remembers.
"""

import os
import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["TASKEY_WEBHOOK_SECRET"])
BODY_LEN_MAX = 1024 * 1024

SEEN = sqlite3.connect(os.environ.get("SEEN", "seen.db"))
SEEN.execute("create table if not exists seen (item text primary key, seq integer not null)")

NEWER = """
insert into seen (item, seq) values (?, ?)
on conflict (item) do update set seq = excluded.seq where excluded.seq > seen.seq
"""


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > BODY_LEN_MAX:
            return self.answer(413)
        body = self.rfile.read(length)
        try:
            # The bytes as they came: a body that was parsed and written again has another signature.
            event = WEBHOOK.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.answer(401)
        try:
            take_in(event)
        except Exception:
            # Anything but 2xx, and it comes again.
            self.answer(500)
            raise
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def take_in(event):
    """Does what is to be done, once. If it fails, nothing is remembered, and the next try does it."""
    item = event["data"]["item"]
    with SEEN:
        if SEEN.execute(NEWER, (item["id"], event["data"]["seq"])).rowcount == 0:
            return
        if event["type"] == "item.resolved":
            print(f"{item['external_id']}: {item['resolution']['name']}", flush=True)
        else:
            print(f"{item['external_id']}: {event['type']}, now {event['data']['state']}", flush=True)


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Receiver)
    print(f"ready: http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
