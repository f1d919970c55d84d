#!/usr/bin/env python3
"""Runs the shell blocks of a page in one shell, as somebody would who pastes them one after the other.

A block that begins with `boxoffice serve` (or `cargo run ... -- serve`) starts the box, which stays until the next
one or the end of the page; the address that the page names is replaced by the one that the box got, and the
login after `LOGIN=` by the one that the demo printed. A block under
`<!-- not run: REASON -->` is left out, and its reason is printed. `<!-- file: NAME -->` above a block of another
language makes it a file in the folder where the blocks run. A plain block after a shell block shows what it prints:
every JSON member named there, and every line without digits or dots, must be in what was printed.
"""

import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

ADDRESS = "127.0.0.1:8080"
MARK = "-- end of block --"
PATIENCE_SECONDS = 300


class Broken(Exception):
    """The page does not say what happens."""


def blocks_of(text):
    """Language, comment above it, lines, number of the first line of each fenced block."""
    blocks, inside, comment = [], None, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"^\s*```(\S*)", line)
        if fence and inside is None:
            inside = (fence.group(1), comment, [], number + 1)
        elif fence:
            blocks.append(inside)
            inside, comment = None, ""
        elif inside is not None:
            inside[2].append(line)
        elif line.startswith("<!--"):
            comment = line.strip("<!-> ")
        elif line.strip():
            comment = ""
    return blocks


class Box:
    """The appliance that a page starts."""

    def __init__(self, program, folder, words):
        command = [program, *words, "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        self.said = lines.get(timeout=PATIENCE_SECONDS)
        if not self.said.startswith("listening on http://"):
            raise Broken(f"{' '.join(words)} said {self.said!r}")
        self.address = self.said.split("http://")[1].strip()
        # What comes with it is all there is.
        try:
            while True:
                self.said += lines.get(timeout=1.0)
        except queue.Empty:
            pass

    def stop(self):
        self.process.terminate()
        if self.process.wait(60) != 0:
            raise Broken(f"the box ended with {self.process.returncode}")


class Shell:
    """One bash for all blocks of a page."""

    def __init__(self, folder, path):
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )

    def run(self, text):
        # `set -e` in a group keeps the variables and tells of the first command that fails.
        self.process.stdin.write(f"{{ set -eo pipefail; {{\n{text}\n}} </dev/null; set +e; }}; echo; echo '{MARK}' $?\n")
        self.process.stdin.flush()
        said, until = [], time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            line = self.process.stdout.readline()
            if not line:
                raise Broken("a command failed:\n" + "".join(said))
            if line.startswith(MARK):
                if line.split()[-1] != "0":
                    raise Broken("a command failed:\n" + "".join(said))
                return "".join(said)
            said.append(line)
        raise Broken("no end in sight:\n" + "".join(said))


def expect(shown, said):
    """What a page shows must be in what was said."""
    for member in set(re.findall(r'"(\w+)":', shown)):
        if f'"{member}":' not in said and f'"{member}" :' not in said:
            raise Broken(f'"{member}" is shown and not printed:\n{said}')
    for line in shown.splitlines():
        plain = line.strip()
        if plain and not re.search(r'[\d…{}"$]', plain) and plain not in said:
            raise Broken(f"{plain!r} is shown and not printed:\n{said}")


def run_page(page, program, root):
    with open(os.path.join(root, page), encoding="utf-8") as file:
        text = file.read()
    ran, left = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, ".path")
        os.makedirs(path)
        os.symlink(program, os.path.join(path, "boxoffice"))
        work = os.path.join(folder, "work")
        os.makedirs(work)
        shell, box, said, address, login = Shell(work, path), None, "", ADDRESS, ""
        try:
            for language, comment, lines, number in blocks_of(text):
                block = "\n".join(lines).replace(ADDRESS, address)
                block = re.sub(r"^LOGIN=stalker:\w+", f"LOGIN={login}", block, flags=re.M)
                block = block.replace("cargo run -q --release --", "boxoffice")
                block = block.replace("cargo run --release --", "boxoffice")
                block = block.replace("target/release/boxoffice", "boxoffice")
                try:
                    if comment.startswith("file: "):
                        with open(os.path.join(work, comment[6:].strip()), "w", encoding="utf-8") as file:
                            file.write(block + "\n")
                    elif language == "" and said:
                        expect(block, said)
                    elif language != "sh":
                        said = ""
                    elif comment.startswith("not run: "):
                        left += 1
                        print(f"{page}:{number}: {comment}")
                        said = ""
                    elif re.match(r"^boxoffice serve\b", block):
                        if box:
                            box.stop()
                        box = Box(program, work, block.split()[1:])
                        address, said = box.address, box.said
                        login = ":".join((re.findall(r"^stalker: (\S+) (\S+)", said, flags=re.M) or [("", "")])[0])
                        ran += 1
                    elif block.strip() == "# stop the box":
                        box.stop()
                        box, said = None, ""
                    else:
                        said = shell.run(block)
                        ran += 1
                except Broken as broken:
                    raise Broken(f"{page}:{number}: {broken}\n--- block:\n{block}") from None
        finally:
            if box:
                box.process.kill()
            shell.process.kill()
    if ran == 0:
        raise Broken(f"{page} has no shell block that was run")
    print(f"{page}: {ran} blocks run, {left} not")


def main():
    root = sys.argv[1]
    program = os.path.realpath(os.environ["BOXOFFICE_BIN"])
    failed = 0
    for page in ("README.md", "docs/operating.md"):
        try:
            run_page(page, program, root)
        except Broken as broken:
            failed += 1
            print(broken)
    print(f"{2 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
