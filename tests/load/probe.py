#!/usr/bin/env python3
"""The parts of the load run that bash does badly. Talks to 127.0.0.1 only.

  probe.py disk FOLDER SECONDS        p50 and p99 in microseconds of: append 4 KiB, fdatasync
  probe.py ask URL COUNT REQUESTS     GET URL/{id} of random customers over one connection;
                                      the token is in LOAD_TOKEN; prints how many answered 200
  probe.py customers URL              GET URL; prints how many customers the answer lists,
                                      and the status and e-mail of the first
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.parse


def disk(folder, seconds):
    path = os.path.join(folder, "probe.tmp")
    block = os.urandom(4096)
    taken = []
    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.perf_counter_ns()
            os.write(file, block)
            os.fdatasync(file)
            taken.append((time.perf_counter_ns() - begin) / 1000)
    finally:
        os.close(file)
        os.unlink(path)
    taken.sort()
    print(f"{taken[len(taken) // 2]:.0f} {taken[len(taken) * 99 // 100]:.0f}")


def connect(url):
    parts = urllib.parse.urlsplit(url)
    if parts.hostname != "127.0.0.1":
        sys.exit("only 127.0.0.1 is asked")
    headers = {"Authorization": "JWT " + os.environ["LOAD_TOKEN"]}
    target = parts.path + ("?" + parts.query if parts.query else "")
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=10), target, headers


def ask(url, count, requests):
    connection, path, headers = connect(url)
    found = 0
    for _ in range(requests):
        connection.request("GET", f"{path}/{random.randint(1, count):024x}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 404):
            sys.exit(f"status {answer.status}")
        found += answer.status == 200
    print(found)


def customers(url):
    connection, target, headers = connect(url)
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"status {answer.status}: {body[:300]!r}")
    found = json.loads(body)
    first = found[0] if found else {}
    print(len(found), first.get("status", "-"), first.get("email", "-"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["disk", folder, seconds]:
            disk(folder, float(seconds))
        case ["ask", url, count, requests]:
            ask(url, int(count), int(requests))
        case ["customers", url]:
            customers(url)
        case _:
            sys.exit(__doc__)
