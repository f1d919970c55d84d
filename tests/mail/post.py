#!/usr/bin/env python3
"""Boxoffice before a real mail server, aiosmtpd: an order is placed, and its invoice must arrive; a password is
reset, and a partner has a PIN sent, and both must arrive and be good.

Three times: STARTTLS that is demanded, with a password; TLS from the start, with a password; and a
wrong password, which must send nothing and lose nothing.
"""

import email
import email.policy
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "box", "p@ss/word"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Inbox:
    def __init__(self, tls):
        self.mails, self.tls = [], tls

    def next(self, subject):
        """The newest mail, once it is about that."""
        for _ in range(600):
            mail = self.mails[-1][1]
            if re.match(subject, mail["Subject"]):
                return mail
            time.sleep(0.05)
        raise AssertionError(f"no mail {subject}, but {mail['Subject']}")

    async def handle_DATA(self, server, session, envelope):
        assert session.authenticated, "mail without a sign-in"
        # Of TLS from the start the session says nothing; the port speaks nothing else.
        assert self.tls or session.ssl, "mail in the clear"
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, parsed))
        return "250 taken"


def authenticator(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


def certificate(folder):
    """A small authority, and a certificate of it for this machine."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "post.key",
            "-out", "post.csr")
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as names:
        names.write("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-days", "2", "-in", "post.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", "names", "-out", "post.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "post.pem"), os.path.join(folder, "post.key"))
    return context, os.path.join(folder, "ca.pem")


class Box:
    def __init__(self, program, folder, settings):
        self.folder, self.program = folder, program
        env = {**os.environ, **{f"BOXOFFICE_{name}": value for name, value in settings.items()}}
        self.token = subprocess.run([program, "token", "create", "--name", "test", "--create", "--data", folder],
                                    check=True, capture_output=True, text=True, env=env).stdout.strip()
        self.out = open(os.path.join(folder, "out"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([program, "serve", "--data", folder, "--listen", "127.0.0.1:0"],
                                        stdout=self.out, env=env)
        self.origin = self.listening()
        self.api = self.origin + "/integration/api"

    def listening(self):
        for _ in range(600):
            with open(self.out.name, encoding="utf-8") as out:
                found = re.search(r"^listening on (http:\S+)$", out.read(), re.M)
            if found:
                return found[1]
            assert self.process.poll() is None, "the program ended before it listened"
            time.sleep(0.05)
        raise AssertionError("the program does not listen")

    def call(self, method, url, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"JWT {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())

    def sell(self):
        customer = self.call("POST", self.api + "/customers",
                             {"email": "olive@queen.example", "firstName": "Zoë", "lastName": "O'Hara"})
        product = self.call("POST", self.api + "/product-specs", {"title": "Family"})
        offer = self.call("POST", f"{self.api}/product-specs/{product['_id']}/offers", {
            "title": "Família ünï", "charges": [
                {"type": "RECURRING", "amount": 12, "currency": "EUR", "title": "Família ünï", "taxRate": 20}]})
        self.call("POST", f"{self.api}/customers/{customer['_id']}/orders", {"offer": offer["_id"]})

    def message(self):
        messages = self.call("GET", self.origin + "/console/api/messages")
        assert len(messages) == 1, messages
        return messages[0]

    def until(self, wish):
        for _ in range(600):
            message = self.message()
            if wish(message):
                return message
            time.sleep(0.05)
        raise AssertionError(message)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        self.out.close()


def expect_invoice(inbox):
    (to, mail), = inbox.mails
    assert to == ["olive@queen.example"], to
    assert mail["Subject"] == "Invoice 1 from Café ☕ TV", mail["Subject"]
    sender, = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Café ☕ TV", "billing@tv.example"), mail["From"]
    assert mail["Message-ID"].startswith("<invoice-1-") and mail["Date"].datetime
    text = mail.get_body(("plain",)).get_content()
    assert "Dear Zoë O'Hara" in text and "Família ünï" in text and "12.00\u00a0EUR" in text, text
    paper, = mail.iter_attachments()
    assert paper.get_content_type() == "application/pdf" and paper.get_filename() == "invoice-1.pdf"
    assert paper.get_content().startswith(b"%PDF-")


def main(program):
    with tempfile.TemporaryDirectory() as scratch:
        context, authority = certificate(scratch)
        quoted = PASSWORD.replace("@", "%40").replace("/", "%2F")

        def round_of(name, tls, url, check):
            inbox = Inbox(tls)
            options = {"ssl_context": context} if tls else {"tls_context": context, "require_starttls": True}
            options |= {"authenticator": authenticator, "auth_required": True}
            if tls:
                # The connection is encrypted before the first word, which aiosmtpd does not count.
                options["auth_require_tls"] = False
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            post = Controller(inbox, hostname="127.0.0.1", port=port, **options)
            post.start()
            folder = os.path.join(scratch, name)
            os.mkdir(folder)
            box = Box(program, folder, {
                "SMTP__URL": url.format(port=port, password=quoted), "SMTP__FROM": "billing@tv.example",
                "PROVIDER__NAME": "Café ☕ TV", "PROVIDER__CURRENCY": "EUR",
            })
            try:
                box.sell()
                check(box, inbox)
            finally:
                box.stop()
                post.stop()
            print("ok:", name)

        # The box trusts what the machine trusts.
        os.environ["SSL_CERT_FILE"] = authority

        def arrives(box, inbox):
            message = box.until(lambda message: message["state"] != "WAITING")
            assert message["state"] == "SENT" and message["attempts"] == 1, message
            expect_invoice(inbox)

        def letters(box, inbox):
            arrives(box, inbox)
            customer, = box.call("GET", box.api + "/customers")
            box.call("POST", f"{box.api}/customers/{customer['_id']}/password/reset")
            mail = inbox.next("Your new password")
            assert re.search(r"^  [a-z2-9]{14}\r?$", mail.get_body(("plain",)).get_content(), re.M), mail
            key = subprocess.run([program, "partner", "add", "FILMS", "--name", "Films ☕", "--data", box.folder],
                                 check=True, capture_output=True, text=True).stdout.strip()
            # Nothing is sold through a partner before something was agreed with it.
            agreed = os.path.join(box.folder, "agreed.json")
            with open(agreed, "w", encoding="utf-8") as file:
                json.dump({"partners": [{"key": "FILMS", "name": "Films ☕", "currencies": ["EUR"]}]}, file)
            subprocess.run([program, "apply", agreed, "--data", box.folder], check=True, capture_output=True)

            def partner(path, body):
                body = {"accountIdentifier": "olive@queen.example", **body}
                request = urllib.request.Request(f"{box.origin}/marketone/v1{path}", data=json.dumps(body).encode(),
                                                 headers={"X-API-KEY": key, "Content-Type": "application/json"})
                with opener.open(request, timeout=60) as answer:
                    return json.loads(answer.read())
            partner("/pin", {"amount": "9.99", "currency": "EUR"})
            assert partner("/notification", {"notificationType": "PIN"})["status"] == "ACCEPTED"
            text = inbox.next(re.compile(r"\d{6} is your PIN")).get_body(("plain",)).get_content()
            pin = re.search(r"(\d{6}) is your PIN for Films ☕ over 9.99\u00a0EUR", text)[1]
            assert partner("/pin/validate", {"pin": pin}) == {"status": "VALID"}

        def waits(box, inbox):
            message = box.until(lambda message: message["attempts"] > 0)
            assert message["state"] == "WAITING" and not inbox.mails, message
            assert "535" in message["problem"], message

        round_of("starttls", False, "smtp://box:{password}@localhost:{port}?tls=required", letters)
        round_of("tls", True, "smtps://box:{password}@localhost:{port}", letters)
        round_of("wrong-password", False, "smtp://box:wrong@localhost:{port}?tls=required", waits)


main(sys.argv[1])
