#!/usr/bin/env python3
"""Kills a working box while partners charge, and sends every charge again.

Whatever was answered before the kill must be answered with the same bytes after it, whatever was not is
sent again as a partner in panic would, twice; and in the end the box must hold one charge for each id, and
owe the partner for each just once.

Needs Python's standard library only. BOXOFFICE_BIN names the program.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from kill9 import PATIENCE_SECONDS, Box, Broken

CUSTOMERS = 50
KEY = "the key of the partner"
HEADERS = {"X-API-KEY": KEY, "Content-Type": "application/json"}


def document():
    partner = {"currencies": ["USD"], "key": "CRASH", "name": "Crash", "api_key": KEY, "requests_per_second": 1_000_000}
    customers = [{"login": f"u{n}", "phones": [f"+1416555{n:04d}"]} for n in range(CUSTOMERS)]
    return {"provider": {"name": "Crash TV", "currency": "USD", "time_zone": "UTC"},
            "partners": [partner], "customers": customers}


def charge(ext_id):
    return json.dumps({
        "extTransactionID": ext_id, "accountIdentifier": f"+1416555{hash(ext_id) % CUSTOMERS:04d}",
        "amount": "0.01", "currency": "USD", "description": "A coin",
    }).encode()


def send(connection, body):
    connection.request("POST", "/marketone/v1/transaction", body, HEADERS)
    answer = connection.getresponse()
    return answer.status, answer.read()


class Load:
    """Partners that charge until the box is gone."""

    def __init__(self, box, threads, name):
        self.box, self.name = box, name
        self.ending = threading.Event()
        # By id: the body that was sent, and the answer, if one came.
        self.sent = {}
        self.troubles = []
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True)
                        for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def _work(self, number):
        connection = http.client.HTTPConnection(*self.box.address, timeout=PATIENCE_SECONDS)
        try:
            for count in range(1_000_000):
                ext_id = f"{self.name}-{number}-{count}"
                body = charge(ext_id)
                self.sent[ext_id] = (body, None)
                status, text = send(connection, body)
                if status == 503:
                    continue
                if status != 200:
                    self.troubles.append(f"{ext_id}: {status} {text}")
                    return
                self.sent[ext_id] = (body, text)
        except (OSError, http.client.HTTPException) as error:
            if not self.ending.is_set():
                self.troubles.append(f"no answer from a box that is up: {error}")

    def join(self):
        for thread in self.threads:
            thread.join(2 * PATIENCE_SECONDS)
        if self.troubles:
            raise Broken("\n".join(self.troubles[:5]))
        return self.sent


def send_again(box, sent):
    connection = http.client.HTTPConnection(*box.address, timeout=PATIENCE_SECONDS)
    for ext_id, (body, before) in sent.items():
        answers = [send(connection, body) for _ in range(2)]
        if answers[0] != answers[1] or answers[0][0] != 200:
            raise Broken(f"{ext_id}: sent twice, answered {answers}")
        if before is not None and answers[0][1] != before:
            raise Broken(f"{ext_id}: answered {before}, after the kill {answers[0][1]}")
    connection.close()


def owed(box):
    """Charges, and what the partner gets, of all months there can be."""
    token = box.command("token", "create", "--name", "crash", "--role", "owner")
    connection = http.client.HTTPConnection(*box.address, timeout=PATIENCE_SECONDS)
    charges, payable = 0, 0
    year, month = time.gmtime()[:2]
    for months in (-1, 0, 1):
        at = year * 12 + month - 1 + months
        path = f"/console/api/partners/CRASH/settlement?month={at // 12:04d}-{at % 12 + 1:02d}"
        connection.request("GET", path, headers={"Authorization": f"JWT {token}"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Broken(f"GET {path}: {answer.status} {text}")
        for sums in json.loads(text)["sums"]:
            charges += sums["charges"]
            payable += round(float(sums["payable"]) * 100)
    connection.close()
    return charges, payable


def rounds(box, arguments, folder):
    box.start()
    file = os.path.join(folder, "document.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump(document(), out)
    box.command("apply", file)
    ids = 0
    for number in range(1, arguments.rounds + 1):
        load = Load(box, arguments.threads, f"r{number}")
        time.sleep(random.uniform(0.4, 1.2))
        load.ending.set()
        box.kill()
        sent = load.join()
        box.start()
        box.command("check")
        send_again(box, sent)
        ids += len(sent)
        answered = sum(text is not None for _, text in sent.values())
        print(f"round {number}: {len(sent)} charges sent, {answered} answered, all sent again: the same",
              flush=True)
        if not answered:
            raise Broken("nothing was answered in that time")
    charges, payable = owed(box)
    if (charges, payable) != (ids, ids):
        raise Broken(f"{ids} charges of a cent were sent, {charges} are held, {payable} cents are owed")
    box.command("check")
    box.ask_to_end()
    box.wait()
    print(f"in all: {ids} charges, each booked once")


def main(work, about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", type=int, help="for the moments of the kills")
    arguments, _ = parser.parse_known_args()
    random.seed(arguments.seed)
    folder = tempfile.mkdtemp(prefix="boxoffice-crash-")
    box = Box(os.environ["BOXOFFICE_BIN"], folder)
    failed = True
    try:
        work(box, arguments, folder)
        failed = False
    except Broken as error:
        print(f"FAILED: {error}", file=sys.stderr)
    finally:
        if box.process is not None and box.process.poll() is None:
            box.kill()
        if failed:
            print(f"data and log: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(rounds, __doc__.splitlines()[0]))
