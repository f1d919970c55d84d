#!/usr/bin/env python3
"""Measures charges and validations of partners under load.

    tests/load/partners.py [--count N] [--seconds S] [--connections C]

Needs wrk. BOXOFFICE_BIN names the program (default: target/release/boxoffice). Makes a data folder of
N accounts (100,000), and prints one table with the goals beside the values. The client runs on the same
machine. Exit status 1 if an answer was wrong.
"""

import argparse
import http.client
import json
import os
import sys
import tempfile
from pathlib import Path

from boxes import ROOT, Box, wrk

GOALS = {"validate": ">= 25,000/s", "charge": ">= 5,000/s, p99 < 30 ms"}


def document(count):
    partner = {"currencies": ["USD"], "key": "LOAD", "name": "Load", "api_key": "a key", "requests_per_second": 1_000_000,
               "products": [{"code": "STD", "title": "Standard"}], "share": "70"}
    customers = [{"login": f"u{n}", "phones": [f"+1416{n:07d}"], "email": f"u{n}@example.com"}
                 for n in range(1, count + 1)]
    return {"provider": {"name": "Load TV", "currency": "USD", "time_zone": "UTC"},
            "partners": [partner], "customers": customers}


def tell(box):
    """Has a webhook told of every charge: one where nobody listens, so that only the noting costs."""
    token = box.command("token", "create", "--name", "load", "--role", "owner").strip()
    connection = http.client.HTTPConnection(box.address)
    wish = json.dumps({"url": "http://127.0.0.1:1/", "events": ["partner_transaction.*"]})
    headers = {"Authorization": f"JWT {token}", "Content-Type": "application/json"}
    connection.request("POST", "/console/api/webhooks", wish, headers)
    answer = connection.getresponse()
    if answer.status != 201:
        raise SystemExit(f"no webhook: {answer.status} {answer.read()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    args = parser.parse_args()
    args.failed = False
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    program = os.environ.get("BOXOFFICE_BIN", f"{target}/release/boxoffice")
    with tempfile.TemporaryDirectory() as data:
        box = Box(program, data)
        try:
            file = os.path.join(data, "document.json")
            Path(file).write_text(json.dumps(document(args.count)))
            box.command("apply", file)
            for mode, goal in GOALS.items():
                rate, p50, p99 = wrk(box, mode, "/marketone/v1", args, script="partners.lua", LOAD_KEY="a key")
                print(f"{mode:10} {rate:>9,.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms   {goal}")
            tell(box)
            rate, p50, p99 = wrk(box, "charge", "/marketone/v1", args, script="partners.lua", LOAD_KEY="a key")
            print(f"{'told':10} {rate:>9,.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms   a charge, with two events each that wait for a webhook")
        finally:
            box.stop()
    return 1 if args.failed else 0


if __name__ == "__main__":
    sys.exit(main())
