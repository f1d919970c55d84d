#!/usr/bin/env python3
"""Kills a working box again and again and looks for everything it had confirmed.

Each round many clients make customers, devices and orders until the process gets SIGKILL. After
the next start every answer that was given must still be true: each confirmed record is there, and
an order that was not confirmed is there with all its services or not at all. At the end the box
gets SIGTERM under load: it must end with status 0, and whoever was sent a request must answer it.

Needs Python's standard library only. BOXOFFICE_BIN names the program.
"""

import argparse
import http.client
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

PREFIX = "/integration/api"
PATIENCE_SECONDS = 300

# One order gives the customer one service for each of these.
SERVICE_SPECS = [
    {"serviceType": "LIVE_TV", "contentType": "TV", "scope": "ALL_ITEMS"},
    {"serviceType": "RADIO", "contentType": "RADIO", "scope": "ALL_ITEMS"},
    {"serviceType": "VOD", "contentType": "MOVIE", "scope": "ALL_ITEMS"},
]
OFFER = {
    "title": "Monthly",
    "duration": 1,
    "period": "MONTH",
    "type": "RECURRING",
    "charges": [{"type": "RECURRING", "amount": 10, "currency": "USD"}],
}


class Broken(Exception):
    """The box broke a promise."""


class Refused(Exception):
    """There was no connection, so nothing was sent."""


class Unanswered(Exception):
    """A request was sent and got no whole answer."""

    def __init__(self, fresh, cause):
        super().__init__(f"{type(cause).__name__}: {cause}")
        # Whether it was the first of its connection. On a later one the box may just have closed
        # the idle connection, as HTTP lets it.
        self.fresh = fresh


class Box:
    """The process, and what can be asked of it on the command line."""

    def __init__(self, program, folder):
        self.program = program
        self.data = os.path.join(folder, "data")
        os.mkdir(self.data)
        self.log_path = os.path.join(folder, "log")
        self.process = None
        self.address = None
        # More words for `serve`.
        self.more = []

    def start(self):
        """Seconds until it listened."""
        begun = time.monotonic()
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--listen", "127.0.0.1:0", *self.more],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        lines = queue.Queue()
        threading.Thread(
            target=self._read, args=(self.process.stdout, lines), daemon=True
        ).start()
        while True:
            left = begun + PATIENCE_SECONDS - time.monotonic()
            try:
                line = lines.get(timeout=max(left, 0.001))
            except queue.Empty:
                raise Broken(f"does not listen after {PATIENCE_SECONDS} s\n{self.log()}") from None
            if line is None:
                raise Broken(f"ended with {self.process.wait()} at the start\n{self.log()}")
            if line.startswith("listening on http://"):
                host, port = line.split("http://", 1)[1].strip().rstrip("/").rsplit(":", 1)
                self.address = (host, int(port))
                return time.monotonic() - begun

    @staticmethod
    def _read(stream, lines):
        """Also what comes later, or the box would one day wait for somebody to read it."""
        with stream:
            for line in stream:
                lines.put(line)
        lines.put(None)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Broken(f"still there {PATIENCE_SECONDS} s after SIGTERM\n{self.log()}") from None

    def command(self, *words):
        """What the program prints on `boxoffice WORDS --data DIR`."""
        done = subprocess.run(
            [self.program, *words, "--data", self.data],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        if done.returncode != 0:
            raise Broken(
                f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout.strip()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-40:])


class Client:
    """One caller with one connection that it keeps."""

    def __init__(self, box, token):
        self.box = box
        self.headers = {"Authorization": f"JWT {token}", "Content-Type": "application/json"}
        self.connection = None

    def ask(self, method, path, body=None):
        """Status and JSON of the answer."""
        fresh = self.connection is None
        if fresh:
            connection = http.client.HTTPConnection(*self.box.address, timeout=PATIENCE_SECONDS)
            try:
                connection.connect()
            except OSError as error:
                raise Refused(str(error)) from error
            self.connection = connection
        sent = None if body is None else json.dumps(body).encode()
        try:
            self.connection.request(method, PREFIX + path, sent, self.headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(fresh, error) from error
        if response.will_close:
            self.close()
        return response.status, json.loads(text) if text else None

    def expect(self, status, method, path, body=None):
        got, answer = self.ask(method, path, body)
        if got != status:
            raise Broken(f"{method} {path} answers {got}, not {status}: {answer}")
        return answer

    def create(self, path, body):
        """POSTs until the box has room for it."""
        while True:
            status, answer = self.ask("POST", path, body)
            if status == 201:
                return answer
            if status != 503:
                raise Broken(f"POST {path} answers {status}, not 201: {answer}")
            time.sleep(0.02)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Household:
    """A customer as the client knows it: `True` confirmed, `False` not sent, `None` in doubt."""

    def __init__(self, email):
        self.email = email
        self.customer = None
        self.device = str(uuid.uuid4())
        self.device_confirmed = False
        self.order = None
        self.order_confirmed = False


class Load:
    """Clients that make households until the box is gone."""

    def __init__(self, box, token, offer, threads, name):
        self.box, self.token, self.offer, self.name = box, token, offer, name
        self.households = [[] for _ in range(threads)]
        # What was under way when a connection broke: (household, doing, the error).
        self.in_doubt = []
        self.troubles = []
        self.ending = threading.Event()
        self.threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def _work(self, number):
        client = Client(self.box, self.token)
        household, doing = None, None
        try:
            for count in range(1_000_000):
                email = f"{self.name}-{number}-{count}@crash.example"
                household, doing = Household(email), "customer"
                body = {"email": email, "firstName": f"Guest {count}"}
                household.customer = client.create("/customers", body)["_id"]
                self.households[number].append(household)
                path = f"/customers/{household.customer}"

                doing, household.device_confirmed = "device", None
                client.create(f"{path}/devices", {"_id": household.device, "type": "STB"})
                household.device_confirmed = True

                doing, household.order_confirmed = "order", None
                body = {"offer": self.offer, "createCustomerServices": True}
                household.order = client.create(f"{path}/orders", body)["_id"]
                household.order_confirmed = True
        except Refused as error:
            if not self.ending.is_set():
                self.troubles.append(f"no connection to a box that is up: {error}")
        except Unanswered as error:
            if not self.ending.is_set():
                self.troubles.append(f"no answer from a box that is up ({doing}): {error}")
            self.in_doubt.append((household, doing, error))
        except Exception as error:  # pylint: disable=broad-except
            self.troubles.append(f"{type(error).__name__}: {error}")
        finally:
            client.close()

    def join(self):
        """The households that have a customer, once no client works any more."""
        for thread in self.threads:
            thread.join(2 * PATIENCE_SECONDS)
            if thread.is_alive():
                raise Broken("a client still waits for its answer")
        if self.troubles:
            raise Broken("\n".join(self.troubles[:5]))
        return [household for list_ in self.households for household in list_]


def in_threads(count, items, work):
    """Has `count` threads do `work(number, item)` for all items; the first trouble is raised."""
    todo = queue.SimpleQueue()
    for item in items:
        todo.put(item)
    troubles = []

    def run(number):
        try:
            while not troubles:
                try:
                    item = todo.get_nowait()
                except queue.Empty:
                    return
                work(number, item)
        except Exception as error:  # pylint: disable=broad-except
            troubles.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]


def prove(client, household):
    """What was confirmed is there; what was not is there as a whole or not at all."""
    path = f"/customers/{household.customer}"
    told = f"customer {household.customer} ({household.email})"
    customer = client.expect(200, "GET", path)
    if customer["email"] != household.email:
        raise Broken(f"{told} has the e-mail address {customer['email']}")

    devices = [device["_id"] for device in client.expect(200, "GET", f"{path}/devices")]
    if devices != [household.device] and (devices or household.device_confirmed):
        raise Broken(f"{told} has the devices {devices}, not {household.device}")

    orders = [order["_id"] for order in client.expect(200, "GET", f"{path}/orders")]
    services = client.expect(200, "GET", f"{path}/services")
    if household.order_confirmed and orders != [household.order]:
        raise Broken(f"{told} has the orders {orders}, not {household.order}")
    allowed = [0] if household.order_confirmed is False else [0, 1]
    if len(orders) not in allowed:
        raise Broken(f"{told} has the orders {orders}, none was sent")
    if len(services) != len(orders) * len(SERVICE_SPECS):
        raise Broken(f"{told} has {len(orders)} orders and {len(services)} services")
    if household.order_confirmed:
        client.expect(200, "GET", f"{path}/orders/{household.order}")


def prove_all(box, token, households):
    clients = [Client(box, token) for _ in range(8)]
    in_threads(len(clients), households, lambda number, item: prove(clients[number], item))
    for client in clients:
        client.close()


def was_done(client, household, doing):
    """Whether a request left its mark although it got no answer."""
    if doing == "customer":
        status, answer = client.ask("POST", "/customers", {"email": household.email})
        if status not in (201, 409):
            raise Broken(f"POST /customers answers {status}: {answer}")
        return status == 409
    path = f"/customers/{household.customer}/{doing}s"
    return client.expect(200, "GET", path) != []


def count(households):
    return (
        f"{len(households)} customers,"
        f" {sum(household.device_confirmed is True for household in households)} devices,"
        f" {sum(household.order_confirmed is True for household in households)} orders"
    )


def rounds(box, arguments):
    box.start()
    token = box.command("token", "create", "--name", "crash")
    client = Client(box, token)
    specs = [client.create("/service-specs", spec)["_id"] for spec in SERVICE_SPECS]
    product = client.create("/product-specs", {"title": "Base", "serviceSpecs": specs})["_id"]
    offer = client.create(f"/product-specs/{product}/offers", OFFER)["_id"]
    client.close()

    everybody = []
    for number in range(1, arguments.rounds + 1):
        load = Load(box, token, offer, arguments.threads, f"round-{number}")
        after = random.uniform(0.5, 1.5)
        time.sleep(after)
        load.ending.set()
        box.kill()
        households = load.join()
        everybody += households
        started = box.start()
        box.command("check")
        prove_all(box, token, households)
        print(
            f"round {number}: {count(households)} confirmed, killed after {after:.2f} s,"
            f" listening again after {started:.2f} s, all there",
            flush=True,
        )
        if not households:
            raise Broken("nothing was confirmed in that time")

    load = Load(box, token, offer, arguments.threads, "last")
    time.sleep(1)
    load.ending.set()
    box.ask_to_end()
    status = box.wait()
    households = load.join()
    everybody += households
    if status != 0:
        raise Broken(f"SIGTERM under load: status {status}, not 0\n{box.log()}")
    box.start()
    client = Client(box, token)
    for household, doing, error in load.in_doubt:
        if error.fresh:
            raise Broken(f"SIGTERM: a new connection was taken and not answered ({doing}): {error}")
        if was_done(client, household, doing):
            raise Broken(f"SIGTERM: a {doing} was made and not answered: {error}")
    client.close()
    prove_all(box, token, everybody)
    box.ask_to_end()
    if box.wait() != 0:
        raise Broken(f"SIGTERM at rest: status {box.process.returncode}, not 0\n{box.log()}")
    box.command("check")
    print(
        f"SIGTERM: {count(households)} confirmed, status 0, every request answered"
        f" ({len(load.in_doubt)} met a connection that had just been closed, and did nothing)\n"
        f"in all: {count(everybody)} confirmed and there"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--seed", type=int, help="for the moments of the kills")
    parser.add_argument("--keep", action="store_true", help="leave data and log behind")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    program = os.environ.get("BOXOFFICE_BIN")
    if not program:
        parser.error("BOXOFFICE_BIN names no program")

    folder = tempfile.mkdtemp(prefix="boxoffice-crash-")
    box = Box(program, folder)
    failed = True
    try:
        rounds(box, arguments)
        failed = False
    except (Broken, Refused, Unanswered) as error:
        print(f"FAILED: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        if box.process is not None and box.process.poll() is None:
            box.kill()
        if failed or arguments.keep:
            print(f"data and log: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
