#!/usr/bin/env python3
"""Measures the Stalker REST API and the watchdog of the portal under load.

    tests/load/boxes.py [--count N] [--seconds S] [--connections C]

Needs wrk. BOXOFFICE_BIN names the program (default: target/release/boxoffice). Makes a data folder of
N accounts (100,000) with a box each, and prints one table with the goals beside the values. The client
runs on the same machine. Exit status 1 if an answer was wrong.
"""

import argparse
import base64
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BASIC = base64.b64encode(b"script:a long password").decode()
REST = "/stalker_portal/api"
PORTAL = "/stalker_portal/server/load.php"


def mac(number):
    return "00:1A:79:%02X:%02X:%02X" % (number >> 16 & 255, number >> 8 & 255, number & 255)


def document(count):
    channels = [{"id": n, "name": f"Channel {n}", "number": n, "kind": "tv"} for n in range(1, 51)]
    package = {"id": 1, "external_id": "base", "name": "Base", "type": "tv", "services": "all"}
    extra = {"id": 2, "external_id": "more", "name": "More", "type": "tv", "services": [1, 2]}
    product = {
        "id": 1, "external_id": "FULL", "name": "Full", "user_default": True,
        "packages": [{"id": 1}, {"id": 2, "optional": True}],
    }
    customers = [
        {
            "login": f"u{n}", "account_number": str(n), "full_name": f"Nora Number {n}",
            "status": 1, "tariff_plan": "FULL", "subscribed": ["more"] if n % 4 == 0 else [],
            "devices": [{"mac": mac(n), "type": "STB", "model": "MAG250"}],
        }
        for n in range(1, count + 1)
    ]
    return {
        "channels": channels, "packages": [package, extra], "products": [product],
        "customers": customers,
    }


class Box:
    def __init__(self, program, data):
        self.program, self.data = program, data
        environment = {k: v for k, v in os.environ.items() if not k.startswith("BOXOFFICE_")}
        environment["BOXOFFICE_STALKER__LOGIN"] = "settings"
        environment["BOXOFFICE_STALKER__PASSWORD"] = "settings"
        self.process = subprocess.Popen(
            [program, "serve", "--data", data, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=open(os.path.join(data, "log"), "wb"), env=environment)
        for line in self.process.stdout:
            if line.startswith(b"listening on http://"):
                self.address = line.decode().split("http://")[1].strip()
                return
        raise SystemExit("the box does not listen")

    def command(self, *words, text=None):
        done = subprocess.run([self.program, *words, "--data", self.data], input=text,
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{words}: {done.stderr}")
        return done.stdout

    def get(self, path, headers=None):
        connection = http.client.HTTPConnection(self.address)
        connection.request("GET", path, headers=headers or {"Authorization": "Basic " + BASIC})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def memory_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1.024 / 1000

    def written_mb(self):
        io = Path(f"/proc/{self.process.pid}/io").read_text()
        return int(re.search(r"\nwrite_bytes: (\d+)", io)[1]) / 1e6

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def wrk(box, mode, path, args, tokens="", script="boxes.lua", **more):
    environment = dict(os.environ, LOAD_MODE=mode, LOAD_COUNT=str(args.count), LOAD_LUA=str(HERE),
                       LOAD_BASIC=BASIC, LOAD_TOKEN="", LOAD_RUN=f"{int(time.time()):x}",
                       LOAD_TOKENS=tokens, **more)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{args.connections}", f"-d{args.seconds}s", "--timeout", "10s",
         "-s", str(HERE / script), f"http://{box.address}{path}"],
        capture_output=True, text=True, env=environment)
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if not found:
        raise SystemExit(done.stdout + done.stderr)
    requests, micros, p50, p99, _, status, sockets = map(int, found.groups())
    if status or sockets:
        print(f"{mode}: {status} error answers, {sockets} broken requests", file=sys.stderr)
        args.failed = True
    return requests * 1e6 / micros, p50 / 1000, p99 / 1000


def expect_ok(box, path):
    status, body = box.get(path)
    if status != 200 or json.loads(body)["status"] != "OK":
        raise SystemExit(f"{path}: {status} {body[:300]}")


def sessions(box, count, wanted=1000):
    """Tokens of the first boxes, as the boxes themselves get them."""
    lines = []
    for number in range(1, min(count, wanted) + 1):
        cookie = {"Cookie": f"mac={mac(number)}"}
        _, body = box.get(f"{PORTAL}?type=stb&action=handshake&token=", cookie)
        token = json.loads(body)["js"]["token"]
        cookie["Authorization"] = "Bearer " + token
        _, body = box.get(f"{PORTAL}?type=stb&action=get_profile", cookie)
        if json.loads(body)["js"]["status"] not in (0, "0"):
            raise SystemExit(body[:300])
        lines.append(f"{mac(number)} {token}\n")
    return lines


def whole_list(box):
    connection = http.client.HTTPConnection(box.address)
    before, peak = box.memory_mb(), 0.0
    begin = time.monotonic()
    connection.request("GET", REST + "/accounts", headers={"Authorization": "Basic " + BASIC})
    answer = connection.getresponse()
    parts = [answer.read(1)]
    first = time.monotonic() - begin
    while part := answer.read(1 << 16):
        parts.append(part)
        peak = max(peak, box.memory_mb())
    took = time.monotonic() - begin
    rows = len(json.loads(b"".join(parts))["results"])
    return first * 1000, took, rows, peak - before


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
            measure(box, data, args)
        finally:
            box.stop()
    return 1 if args.failed else 0


def measure(box, data, args):
    file = os.path.join(data, "document.json")
    Path(file).write_text(json.dumps(document(args.count)))
    box.command("apply", file)
    box.command("operator", "add", "script", "--role", "api", "--password-stdin",
                text="a long password\n")
    rows = []
    for mode, path in (("number", "/accounts/7"), ("mac", f"/accounts/{mac(7)}"), ("login", "/users/u7")):
        expect_ok(box, REST + path)
        wrk(box, mode, REST, argparse.Namespace(**{**vars(args), "seconds": 1}))
        rate, p50, p99 = wrk(box, mode, REST, args)
        rows.append((f"GET one account by {mode}", f"{rate:,.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms",
                     ">= 25,000/s, p99 < 5 ms"))
    first, took, found, grown = whole_list(box)
    rows.append((f"GET /accounts whole, {found:,} rows",
                 f"first byte {first:.0f} ms, all {took:.2f} s, memory +{grown:.0f} MB",
                 "< 50 ms, < 3 s, flat"))
    rate, p50, p99 = wrk(box, "create", REST, args)
    rows.append(("POST account, durable", f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms",
                 ">= 5,000/s"))
    rate, p50, p99 = wrk(box, "status", REST, args)
    rows.append(("PUT status with its events, durable",
                 f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms", ">= 5,000/s"))
    tokens = os.path.join(data, "tokens")
    # Every box is on again, and has been told so.
    for number in range(1, min(args.count, 1000) + 1):
        box.get(f"{PORTAL}?type=stb&action=handshake", {"Cookie": f"mac={mac(number)}"})
    restore(box, args)
    Path(tokens).write_text("".join(sessions(box, args.count)))
    wrk(box, "poll", PORTAL, args, tokens)
    time.sleep(2)
    before = box.written_mb()
    rate, p50, p99 = wrk(box, "poll", PORTAL, args, tokens)
    rows.append(("watchdog poll", f"{rate:,.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
                 f"{box.written_mb() - before:.1f} MB written", ">= 30,000/s, no write"))
    # Last: hardening what they bring goes on writing for a while.
    rate, p50, p99 = wrk(box, "secret", REST, args)
    rows.append(("POST account with a password, durable",
                 f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms", ">= 5,000/s"))
    for what, measured, goal in rows:
        print(f"{what:45} {measured:60} {goal}")


def restore(box, args):
    connection = http.client.HTTPConnection(box.address)
    headers = {"Authorization": "Basic " + BASIC}
    for number in range(1, min(args.count, 1000) + 1):
        connection.request("PUT", f"{REST}/accounts/{number}", body="status=1", headers=headers)
        connection.getresponse().read()


if __name__ == "__main__":
    sys.exit(main())
