#!/usr/bin/env python3
"""Kills a working box that asks a carrier about every charge, and tells a webhook of it.

The carrier is slow, loses answers and refuses some charges. In the end it must have charged each id once, the box
must hold as charged just what the carrier charged, and the webhook must have heard of every charge, signed, in
order for each, at least once.

Needs Python's standard library only. BOXOFFICE_BIN names the program. The box runs by a test clock: the tries at the
carrier are three minutes apart.
"""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import sys
import threading
import time

from kill9 import PATIENCE_SECONDS, Box, Broken
from partners import CUSTOMERS, document, main, send

START = 1_800_000_000


class Silent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A box that is killed hangs up."""


class Carrier:
    """Charges an id once, whatever becomes of its answer."""

    def __init__(self):
        self.lock, self.outcomes, self.asked, self.calm = threading.Lock(), {}, 0, False
        carrier = self

        class Handler(Silent):
            def do_POST(self):
                asked = json.loads(self.body())
                chance = 1.0 if carrier.calm else random.random()
                with carrier.lock:
                    carrier.asked += 1
                    refused = asked["description"] == "refuse"
                    outcome = carrier.outcomes.setdefault(asked["extTransactionID"], not refused)
                if chance < 0.03:
                    time.sleep(1.5)
                if chance < 0.06:
                    self.close_connection = True
                elif chance < 0.08:
                    self.answer(500, {})
                elif outcome:
                    self.answer(200, {"status": "SUCCEEDED"})
                else:
                    self.answer(400, {"code": "insufficient-funds", "message": "no"})

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


class Ear:
    """Hears events, and forgets to say so now and then."""

    def __init__(self):
        self.lock, self.events, self.secret, self.troubles, self.calm = threading.Lock(), [], None, [], False
        ear = self

        class Handler(Silent):
            def do_POST(self):
                body = self.body()
                parts = dict(part.split("=", 1) for part in self.headers["Boxoffice-Signature"].split(","))
                signed = f"{parts['t']}.".encode() + body
                right = hmac.new(ear.secret.encode(), signed, hashlib.sha256).hexdigest()
                with ear.lock:
                    if not hmac.compare_digest(right, parts["v1"]):
                        ear.troubles.append("a wrong signature")
                    ear.events.append(json.loads(body))
                if not ear.calm and random.random() < 0.02:
                    self.answer(503, {})
                else:
                    self.answer(200, {})

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


def body_of(ext_id, number):
    refused = number % 7 == 0
    return json.dumps({
        "extTransactionID": ext_id, "accountIdentifier": f"+1416555{number % CUSTOMERS:04d}",
        "amount": "0.01", "currency": "USD", "description": "refuse" if refused else "A coin",
    }).encode()


class Load:
    def __init__(self, box, threads, name):
        self.box, self.name, self.sent, self.ending = box, name, {}, threading.Event()
        self.troubles = []
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def _work(self, place):
        connection = http.client.HTTPConnection(*self.box.address, timeout=PATIENCE_SECONDS)
        try:
            for count in range(1_000_000):
                ext_id = f"{self.name}-{place}-{count}"
                body = body_of(ext_id, place * 31 + count)
                self.sent[ext_id] = (body, None)
                status, text = send(connection, body)
                if status not in (200, 400, 503):
                    self.troubles.append(f"{ext_id}: {status} {text}")
                    return
                if status != 503:
                    self.sent[ext_id] = (body, (status, text))
        except (OSError, http.client.HTTPException) as error:
            if not self.ending.is_set():
                self.troubles.append(f"no answer from a box that is up: {error}")

    def join(self):
        for thread in self.threads:
            thread.join(2 * PATIENCE_SECONDS)
        if self.troubles:
            raise Broken("\n".join(self.troubles[:5]))
        return self.sent


class Staff:
    def __init__(self, box):
        self.box = box
        self.token = box.command("token", "create", "--name", "crash", "--role", "owner", "--ttl", "20y")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(*self.box.address, timeout=PATIENCE_SECONDS)
        text = None if body is None else json.dumps(body)
        headers = {"Authorization": f"JWT {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if not 200 <= answer.status < 300:
            raise Broken(f"{method} {path}: {answer.status} {told}")
        return json.loads(told) if told else None


def by_clock(box, seconds):
    at = time.gmtime(START + seconds)
    box.more = ["--test-clock", time.strftime("%Y-%m-%dT%H:%M:%SZ", at)]


def final(box, sent):
    """What became of every charge, asked for twice as a partner in panic would."""
    connection = http.client.HTTPConnection(*box.address, timeout=PATIENCE_SECONDS)
    charged, refused = {}, 0
    for ext_id, (body, before) in sent.items():
        first, second = send(connection, body), send(connection, body)
        if first != second or first[0] not in (200, 400):
            raise Broken(f"{ext_id}: sent twice, answered {first} and {second}")
        told = json.loads(first[1])
        if before is not None and b"PROCESSING" not in before[1] and before != first:
            raise Broken(f"{ext_id}: answered {before}, in the end {first}")
        if first[0] == 400:
            refused += 1
        elif told["status"] != "SUCCEEDED":
            raise Broken(f"{ext_id}: still {told}")
        else:
            charged[told["transactionID"]] = ext_id
    connection.close()
    return charged, refused


def heard_all(ear, charged):
    """Every charge was told as made and then as charged."""
    heard = {}
    with ear.lock:
        if ear.troubles:
            raise Broken(ear.troubles[0])
        for event in ear.events:
            shown = event["data"]
            heard.setdefault(shown["ext_transaction_id"], []).append(event["type"])
    for ext_id in charged.values():
        kinds = list(dict.fromkeys(heard.get(ext_id, [])))
        wanted = ["partner_transaction.created", "partner_transaction.succeeded"]
        if [kind for kind in kinds if kind in wanted] != wanted:
            raise Broken(f"{ext_id}: the webhook heard {kinds}")


def rounds(box, arguments, folder):
    carrier, ear = Carrier(), Ear()
    os.environ["BOXOFFICE_CARRIER__URL"] = carrier.url
    os.environ["BOXOFFICE_CARRIER__TIMEOUT_MS"] = "1000"
    clock = 0
    by_clock(box, clock)
    box.start()
    file = os.path.join(folder, "document.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(document(), out)
    box.command("apply", file)
    staff = Staff(box)
    webhook = staff.ask("POST", "/console/api/webhooks", {"url": ear.url, "events": ["partner_transaction.*"]})
    ear.secret = webhook["secret"]
    sent = {}
    for number in range(1, arguments.rounds + 1):
        load = Load(box, arguments.threads, f"r{number}")
        time.sleep(random.uniform(1.0, 2.5))
        load.ending.set()
        box.kill()
        now = load.join()
        sent |= now
        clock += 60
        by_clock(box, clock)
        box.start()
        box.command("check")
        answered = sum(answer is not None for _, answer in now.values())
        print(f"round {number}: {len(now)} charges sent, {answered} answered", flush=True)
        if not answered:
            raise Broken("nothing was answered in that time")
    carrier.calm = ear.calm = True
    # Whoever was not answered sends again; what is processing is asked about in its time.
    connection = http.client.HTTPConnection(*box.address, timeout=PATIENCE_SECONDS)
    for body, _ in sent.values():
        send(connection, body)
    connection.close()
    for _ in range(7):
        staff.ask("POST", "/console/api/test-clock", {"advance_seconds": 181})
    charged, refused = final(box, sent)
    taken = {name for name, good in carrier.outcomes.items() if good}
    if not set(charged) <= taken:
        raise Broken(f"charged here and not there: {sorted(set(charged) - taken)[:3]}")
    if taken != set(charged):
        raise Broken(f"charged there and not here: {sorted(taken - set(charged))[:3]}")
    staff.ask("POST", "/console/api/test-clock", {"advance_seconds": 7 * 3600})
    heard_all(ear, charged)
    box.command("check")
    box.ask_to_end()
    box.wait()
    print(f"in all: {len(charged)} charged and {refused} refused, each once; the carrier was asked {carrier.asked} times, "
          f"the webhook heard {len(ear.events)} events")


if __name__ == "__main__":
    sys.exit(main(rounds, __doc__.splitlines()[0]))
