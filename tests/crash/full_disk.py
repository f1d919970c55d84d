#!/usr/bin/env python3
"""Fills the disk of a working box to the last byte, and makes room again.

While it is full every read is answered, no write is confirmed, and the answers, `/readyz` and the command line say
what is the matter; also after a SIGKILL and a new start. When there is room again writes come back by themselves.
In the end everything that was confirmed is there, nothing twice, and `boxoffice check` finds nothing.

Needs root, to mount a small file system of its own (ext4 on a file, else a tmpfs); where that is not allowed it says
so and ends with 0. Needs Python's standard library only. BOXOFFICE_BIN names the program.
"""

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from kill9 import Box, Broken, Client, Refused, Unanswered

DISK_MIB = 96
THREADS = 4
PATIENCE_SECONDS = 60
# How many reads have to be answered while the disk is full.
READS = 400
FULL = re.compile("the disk (of the box )?is full")


def mounted(place, folder):
    """The kind of a file system of its own there; nothing if that is not allowed."""
    image = os.path.join(folder, "disk.ext4")
    with open(image, "wb") as file:
        file.truncate(DISK_MIB << 20)
    for kind, commands in [
        ("ext4", [["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, place]]),
        ("tmpfs", [["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", place]]),
    ]:
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return kind
    return None


class Filler:
    """Takes all room that there is."""

    def __init__(self, data):
        self.path = os.path.join(data, "filler")

    def fill(self, step):
        """In steps of so many bytes, down to single blocks."""
        with open(self.path, "ab", buffering=0) as file:
            while step >= 4096:
                try:
                    written = file.write(b"\0" * step)
                    if written < step:
                        step //= 2
                    os.fsync(file.fileno())
                except OSError:
                    step //= 2

    def go(self):
        os.remove(self.path)


class Writers:
    """Make customers without a pause, and remember which were confirmed."""

    def __init__(self, box, token):
        self.box, self.token = box, token
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.confirmed, self.sent, self.full, self.troubles = [], 0, 0, []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def work(self):
        client = Client(self.box, self.token)
        while not self.stopped.is_set():
            with self.lock:
                self.sent += 1
                login = f"c{self.sent}"
            body = {"login": login, "comment": "x" * 200}
            try:
                status, answer = client.ask("POST", "/customers", body)
            except (Refused, Unanswered):
                # The box was killed; the next one listens elsewhere.
                client.close()
                time.sleep(0.05)
                continue
            with self.lock:
                if status == 201:
                    self.confirmed.append((login, answer["_id"]))
                elif status == 503 and FULL.search(answer["message"]):
                    self.full += 1
                # While the file is opened anew after the first failure.
                elif status != 503:
                    self.troubles.append(f"{login}: {status} {answer}")
            if status != 201:
                time.sleep(0.01)

    def counts(self):
        with self.lock:
            return len(self.confirmed), self.full

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)
        if self.troubles:
            raise Broken(f"{len(self.troubles)} writes were answered otherwise: {self.troubles[:3]}")


def until(what, look):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise Broken(f"never came: {what}")


def readyz(box):
    connection = http.client.HTTPConnection(*box.address, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def reads_go_on(box, token, writers):
    """Seconds of the slowest of many reads, each of which has to be answered."""
    client = Client(box, token)
    with writers.lock:
        known = writers.confirmed[-READS:]
    slowest = 0.0
    for number in range(READS):
        login, found = known[number % len(known)]
        begun = time.monotonic()
        customer = client.expect(200, "GET", f"/customers/{found}")
        slowest = max(slowest, time.monotonic() - begun)
        if customer["login"] != login:
            raise Broken(f"{found} is {customer['login']}, not {login}")
    client.close()
    return slowest


def says_that_it_is_full(box):
    status, text = readyz(box)
    if status != 503 or not FULL.search(text):
        raise Broken(f"/readyz answers {status}: {text}")
    for words in [["token", "create", "--name", "more"], ["status"]]:
        try:
            told = box.command(*words)
        except Broken as error:
            told = str(error)
        if not FULL.search(told):
            raise Broken(f"`{' '.join(words)}` says: {told}")


def one_round(box, token, writers, filler, step, killed):
    """Fills the disk in such steps, and makes room again."""
    before, full = writers.counts()
    filler.fill(step)
    until("a write that is refused", lambda: writers.counts()[1] > full + 20)
    says_that_it_is_full(box)
    slowest = reads_go_on(box, token, writers)
    if killed:
        box.kill()
        box.start()
        until("a write that is refused again", lambda: writers.counts()[1] > full + 40)
        slowest = max(slowest, reads_go_on(box, token, writers))
    confirmed, refused = writers.counts()
    begun = time.monotonic()
    filler.go()
    until("a write that works", lambda: writers.counts()[0] > confirmed + 20)
    until("a box that is ready", lambda: readyz(box)[0] == 200)
    back = time.monotonic() - begun
    print(
        f"steps of {step >> 10} KiB{', killed while full' if killed else ''}:"
        f" {confirmed - before} confirmed before it was full, {refused - full} refused,"
        f" {READS} reads answered, the slowest in {slowest * 1000:.0f} ms;"
        f" writes were back after {back:.1f} s",
        flush=True,
    )


def rounds(box):
    box.start()
    token = box.command("token", "create", "--name", "full-disk")
    writers = Writers(box, token)
    filler = Filler(box.data)
    until("the first writes", lambda: writers.counts()[0] > 100)
    for step, killed in [(1 << 20, False), (8 << 20, False), (1 << 20, True)]:
        one_round(box, token, writers, filler, step, killed)
    writers.stop()
    client = Client(box, token)
    for login, found in writers.confirmed:
        customer = client.expect(200, "GET", f"/customers/{found}")
        if customer["login"] != login:
            raise Broken(f"{found} is {customer['login']}, not {login}")
    client.close()
    box.ask_to_end()
    if box.wait() != 0:
        raise Broken(f"SIGTERM: ended with {box.process.returncode}\n{box.log()}")
    box.command("check")
    lines = box.command("export", "customers").splitlines()
    if not len(writers.confirmed) <= len(lines) <= writers.sent:
        raise Broken(f"{writers.sent} sent, {len(writers.confirmed)} confirmed, {len(lines)} there")
    print(f"in all: {len(writers.confirmed)} confirmed and there")


def main():
    folder = tempfile.mkdtemp(prefix="boxoffice-full-")
    box = Box(os.environ["BOXOFFICE_BIN"], folder)
    kind = mounted(box.data, folder)
    if kind is None:
        shutil.rmtree(folder)
        print("full disk: left out, because nothing can be mounted here; run it as root")
        return 0
    print(f"full disk: {DISK_MIB} MiB of {kind}", flush=True)
    failed = True
    try:
        rounds(box)
        failed = False
    except (Broken, Refused, Unanswered) as error:
        print(f"FAILED: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        if box.process is not None and box.process.poll() is None:
            box.kill()
        subprocess.run(["umount", box.data], check=False)
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
