#!/usr/bin/env python3
"""Boxoffice before a real player: Kodi with its Stalker client must find the portal, list exactly the
channels that the customer pays for, in their groups and with their guide, and show the picture of one
and then of another; and when the box is switched off it must be refused.

Everything runs on this machine: the program, a stream server with live HLS, and Kodi on a virtual
screen. Kodi is asked over JSON-RPC what it has, and the screen is looked at, so what is checked is what
a viewer would see.
"""

import collections
import contextlib
import datetime
import http.client
import http.server
import itertools
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from xml.sax.saxutils import escape

SECONDS_MAX = 180
STEP_SECONDS_MAX = 40
HOUR = 3600
MAC = "00:1A:79:AA:BB:01"
ADDON = "pvr.stalker"

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# ---------------------------------------------------------------- what the operator has

GENRES = [
    {"id": 1, "title": "News"},
    {"id": 2, "title": "Films & séries"},
    # The original keeps adult channels in genre 10, and Kodi asks for that one by its number.
    {"id": 10, "title": "For adults"},
    # Its only channel is not the customer's, and Kodi shows no empty group.
    {"id": 4, "title": "Sport"},
]


def channel(number, id, name, genre, **more):
    return {"id": id, "number": number, "name": name, "genre": genre, "kind": "tv", "xmltv_id": f"{id}.example"} | more


CHANNELS = [
    channel(1, 27, "One", 1),
    channel(2, 29, "Döner & Söhne <HD>", 2),
    channel(3, 71, "Not in the plan", 4),
    channel(4, 72, "Optional, not taken", 1),
    channel(5, 81, "Wave", 1, kind="radio"),
    channel(64, 37, "М-TV Україна", 2),
    channel(70, 58, "Extra 'plus' 100 %", 1),
    channel(900, 61, "Late", 10, censored=True),
]
# Of the plan, and of the optional package that the customer has taken.
WATCHED = [channel for channel in CHANNELS if channel["id"] in (27, 29, 37, 58, 61)]
# What is seen on these channels: two colours in turn, each for a second.
PICTURES = {27: ("red", "yellow"), 37: ("blue", "cyan")}
# The channel that is chosen when the box is off.
DARK = 29


def document(streams):
    def package(id, external_id, services, type="tv"):
        return {"id": id, "external_id": external_id, "name": external_id, "type": type, "service_type": "periodic",
                "services": services}
    return {
        "provider": {"name": "Example TV", "currency": "EUR", "time_zone": "Europe/Berlin"},
        "genres": GENRES,
        "channels": [channel | {"url": f"{streams}/{channel['id']}/index.m3u8"} for channel in CHANNELS],
        "packages": [package(1, "base", [27, 29, 37]), package(2, "extra", [58, 61]), package(3, "more", [72]),
                     package(4, "sport", [71]), package(5, "radio", [81], "radio")],
        "products": [{"id": 1, "external_id": "FAMILY", "name": "Family", "user_default": True, "packages": [
            {"id": 1}, {"id": 5}, {"id": 2, "optional": True}, {"id": 3, "optional": True}]}],
        "customers": [
            {"login": "olive", "full_name": "Olive Queen", "status": "ACTIVE", "tariff_plan": "FAMILY",
             "subscribed": ["extra"], "devices": [{"mac": MAC, "type": "STB"}]},
            {"login": "neighbour", "full_name": "Ned", "status": "ACTIVE", "tariff_plan": "FAMILY",
             "subscribed": ["more"], "devices": [{"mac": "00:1A:79:AA:BB:02", "type": "STB"}]},
        ],
    }


def programmes(now):
    """For each channel one an hour, from two hours ago to a day from now: (channel, start, title, text)."""
    first = now // HOUR * HOUR - 2 * HOUR
    return [(channel["id"], first + n * HOUR, f"{channel['name']}: part {n} — «ünï»", f"Tom & Zoë, <{n}>")
            for channel in CHANNELS for n in range(27)]


def xmltv(items):
    zones = datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=5, minutes=30))

    def stamp(channel, at):
        # Half of the channels count in another time zone.
        return datetime.datetime.fromtimestamp(at, zones[channel % 2]).strftime("%Y%m%d%H%M%S %z")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE tv SYSTEM "xmltv.dtd">', "<tv>"]
    lines += [f'<channel id="{channel["xmltv_id"]}"><display-name>{escape(channel["name"])}</display-name></channel>'
              for channel in CHANNELS]
    lines += [f'<programme start="{stamp(id, start)}" stop="{stamp(id, start + HOUR)}" channel="{id}.example">'
              f"<title>{escape(title)}</title><desc>{escape(text)}</desc></programme>"
              for id, start, title, text in items]
    return "\n".join([*lines, "</tv>", ""])


# ---------------------------------------------------------------- waiting

class NotYet(Exception):
    """What is still missing."""


def until(what, probe):
    """The first answer of `probe`, which raises NotYet as long as it has none."""
    end = time.monotonic() + STEP_SECONDS_MAX
    pause = threading.Event()
    while True:
        try:
            return probe()
        except NotYet as missing:
            assert time.monotonic() < end, f"{what}: not within {STEP_SECONDS_MAX} s: {missing}"
        pause.wait(0.05)


def expect(what, found, wanted):
    if found != wanted:
        raise NotYet(f"{what}\n  found  {found!r}\n  wanted {wanted!r}")


# ---------------------------------------------------------------- the parts

class Programs:
    """What was started. Each has a process group of its own and a file for its words."""

    def __init__(self, folder):
        self.folder, self.started = folder, []

    def start(self, name, command, **options):
        # Whatever happens to this program, the kernel ends the others.
        command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with open(self.log(name), "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, **options)
        self.started.append(process)
        return process

    def log(self, name):
        return os.path.join(self.folder, name + ".log")

    def end(self):
        for process in reversed(self.started):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A player hangs up when it likes."""


class Streams:
    """A live channel below /<id>/ for each of PICTURES, and a count of what was asked for, of any path."""

    SEGMENT_SECONDS = 2
    WINDOW = 5
    FRAMES_A_SECOND = 5

    def __init__(self, folder):
        self.folder = folder
        for id, (one, other) in PICTURES.items():
            os.mkdir(os.path.join(folder, str(id)))
            self.film(os.path.join(folder, str(id)), one, other)
        self.first, self.lock, self.counts = time.monotonic(), threading.Lock(), collections.Counter()
        streams = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, kind, body = streams.answer(self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                """The counts say it."""

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def film(self, folder, one, other):
        # Longer than a run may take. Without sound, for which there is no device.
        length, rate = SECONDS_MAX + 60, self.FRAMES_A_SECOND
        turn = f"drawbox=enable='lt(mod(t,2),1)':color={one}:t=fill"
        subprocess.run(
            ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", f"color={other}:size=64x36:rate={rate}",
             "-t", str(length), "-vf", turn, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
             "-g", str(rate * self.SEGMENT_SECONDS), "-f", "hls", "-hls_time", str(self.SEGMENT_SECONDS),
             "-hls_list_size", "0", "-hls_segment_filename", f"{folder}/%d.ts", f"{folder}/whole.m3u8"],
            check=True, stdin=subprocess.DEVNULL)

    def answer(self, path):
        with self.lock:
            self.counts[path] += 1
        found = re.fullmatch(r"/(\d+)/(?:index\.m3u8|(\d+)\.ts)", path)
        if found and int(found[1]) in PICTURES:
            if found[2] is None:
                return 200, "application/vnd.apple.mpegurl", self.playlist().encode()
            with (contextlib.suppress(FileNotFoundError),
                  open(os.path.join(self.folder, found[1], found[2] + ".ts"), "rb") as segment):
                return 200, "video/mp2t", segment.read()
        return 404, "text/plain", b"no such stream\n"

    def playlist(self):
        first = int((time.monotonic() - self.first) / self.SEGMENT_SECONDS)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{self.SEGMENT_SECONDS}",
                 f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for n in range(first, first + self.WINDOW):
            lines += [f"#EXTINF:{self.SEGMENT_SECONDS}.0,", f"{n}.ts"]
        return "\n".join([*lines, ""])

    def asked(self, channel, ending=""):
        """How many different files of a channel."""
        with self.lock:
            return sum(path.startswith(f"/{channel}/") and path.endswith(ending) for path in self.counts)


class Box:
    def __init__(self, programs, program, data):
        self.program, self.data, self.log = program, data, programs.log("box")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("BOXOFFICE_")}
        self.env |= {"BOXOFFICE_STALKER__OPEN": "true"}
        self.process = programs.start("box", [program, "serve", "--data", data, "--listen", "127.0.0.1:0"],
                                      env=self.env)
        self.origin = until("the program listens", self.listening)

    def listening(self):
        assert self.process.poll() is None, "the program ended before it listened"
        with open(self.log, encoding="utf-8", errors="replace") as log:
            found = re.search(r"^listening on (http://\S+)$", log.read(), re.M)
        if not found:
            raise NotYet("it has not said where")
        return found[1]

    def command(self, *words):
        done = subprocess.run([self.program, *words, "--data", self.data], env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        assert done.returncode == 0, f"boxoffice {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"

    def switch_off(self):
        request = urllib.request.Request(f"{self.origin}/stalker_portal/api/stb/{MAC}", method="PUT", data=b"status=0")
        try:
            with opener.open(request, timeout=20) as answer:
                body = json.load(answer)
        except (OSError, ValueError) as problem:
            raise AssertionError(f"PUT {request.full_url}: {problem}") from None
        assert body["status"] == "OK", body


class Kodi:
    def __init__(self, programs, folder, portal):
        self.home, self.screen = os.path.join(folder, "home"), os.path.join(folder, "Xvfb_screen0")
        self.log = os.path.join(self.home, ".kodi/temp/kodi.log")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.furnish(portal)
        env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        env |= {"HOME": self.home, "XDG_RUNTIME_DIR": self.home, "DISPLAY": self.display(programs, folder),
                "LIBGL_ALWAYS_SOFTWARE": "1"}
        self.process = programs.start("player", ["kodi"], env=env, cwd=self.home)

    def furnish(self, portal):
        """A home in which JSON-RPC is open and the client knows its portal."""
        data = os.path.join(self.home, ".kodi/userdata")
        os.makedirs(os.path.join(data, "addon_data", ADDON))

        def write(path, text):
            with open(os.path.join(data, path), "w", encoding="utf-8") as file:
                file.write(text)

        def settings(**values):
            rows = "".join(f'<setting id="{name.replace("__", ".")}">{escape(value)}</setting>'
                           for name, value in values.items())
            return f'<settings version="2">{rows}</settings>\n'
        write("guisettings.xml", settings(
            services__webserver="true", services__webserverport=str(self.port),
            services__webserverauthentication="false",
            # Other doors, with fixed ports.
            services__esenabled="false", services__zeroconf="false", services__upnp="false",
            pvrmanager__usebackendchannelnumbers="true"))
        write(f"addon_data/{ADDON}/settings.xml", settings(mac_0=MAC, server_0=portal))
        # The client tells what it is answered.
        write("advancedsettings.xml", '<advancedsettings><loglevel hide="true">1</loglevel></advancedsettings>\n')
        # Without a sound device Kodi looks for one for six seconds.
        write("../../.asoundrc", "pcm.!default { type null }\nctl.!default { type null }\n")

    def display(self, programs, folder):
        read, write = os.pipe()
        with open(read, encoding="ascii") as number:
            programs.start("xvfb", ["Xvfb", "-displayfd", str(write), "-fbdir", folder, "-screen", "0", "640x360x24",
                                    "-nolisten", "tcp"], pass_fds=[write])
            os.close(write)
            display = number.readline().strip()
        assert display, "Xvfb does not start"
        return ":" + display

    def ask(self, method, **parameters):
        assert self.process.poll() is None, "Kodi has ended"
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/jsonrpc", data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with opener.open(request, timeout=20) as answer:
                body = json.load(answer)
        except (OSError, http.client.HTTPException) as problem:
            raise NotYet(f"{method}: {problem}") from None
        if "error" in body:
            raise NotYet(f"{method}: {body['error']}")
        return body["result"]

    def enable(self):
        """Kodi finds a client that it does not know, and asks; the answer is no, because a yes leads to
        more questions. Then it is enabled as a remote control would do it."""
        question = 10100

        def window():
            return self.ask("GUI.GetProperties", properties=["currentwindow"])["currentwindow"]["id"]

        def asked():
            expect("the open window", window(), question)

        def answered():
            if window() == question:
                self.ask("Input.Back")
                raise NotYet("the question is still there")
        until("Kodi asks whether to enable the client", asked)
        until("the question goes away", answered)
        until("the client is enabled", lambda: self.ask("Addons.SetAddonEnabled", addonid=ADDON, enabled=True))

    def channels(self, group, *properties):
        return self.ask("PVR.GetChannels", channelgroupid=group, properties=list(properties)).get("channels", [])

    def colour(self):
        """What a viewer sees: the colour of a point off the middle. (The screen is an XWD file.)"""
        with open(self.screen, "rb") as file:
            screen = file.read()
        header, = struct.unpack_from(">I", screen, 0)
        width, height = struct.unpack_from(">II", screen, 16)
        bits, line = struct.unpack_from(">II", screen, 44)
        colours, = struct.unpack_from(">I", screen, 76)
        at = header + colours * 12 + height // 3 * line + width // 4 * bits // 8
        blue, green, red = (value > 127 for value in screen[at:at + 3])
        names = ["black", "blue", "lime", "cyan", "red", "magenta", "yellow", "white"]
        return names[red * 4 + green * 2 + blue]

    def errors(self):
        """What the client complains of."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return [line.strip() for line in log if ADDON in line and " error <" in line]


# ---------------------------------------------------------------- what must be seen

def connected(kodi):
    clients = kodi.ask("PVR.GetClients")["clients"]
    expect("clients", [client["addonid"] for client in clients], [ADDON])
    expect("state", kodi.ask("PVR.GetProperties", properties=["available"]), {"available": True})


def listed(kodi):
    """The channels, their numbers and their groups; answers the ids that Kodi gave the channels."""
    found = kodi.channels("alltv", "channelnumber")
    expect("channels", [(channel["channelnumber"], channel["label"]) for channel in found],
           [(channel["number"], channel["name"]) for channel in WATCHED])
    every, *groups = kodi.ask("PVR.GetChannelGroups", channeltype="tv")["channelgroups"]
    expect("groups", {group["label"]: [channel["label"] for channel in kodi.channels(group["channelgroupid"])]
                      for group in groups},
           {genre["title"]: [channel["name"] for channel in WATCHED if channel["genre"] == genre["id"]]
            for genre in GENRES if genre["title"] != "Sport"})
    return {wanted["id"]: channel["channelid"] for wanted, channel in zip(WATCHED, found)}


def guided(kodi, ids, items):
    for id, kodis in ids.items():
        found = kodi.ask("PVR.GetBroadcasts", channelid=kodis, properties=["title", "plot", "starttime", "endtime"])
        found = [(event["starttime"], event["endtime"], event["title"], event["plot"])
                 for event in found.get("broadcasts", [])]
        ours = [tuple(datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
                      for at in (start, start + HOUR)) + (title, text)
                for channel, start, title, text in items if channel == id]
        # What has ended may be there or not.
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        over = [event for event in ours if event[1] <= now and event not in found]
        ours = [event for event in ours if event not in over]
        for n, (event, other) in enumerate(itertools.zip_longest(found, ours)):
            expect(f"programme {n} of channel {id}, of {len(found)} for {len(ours)}", event, other)


def plays(kodi, streams, ids, channel):
    def player():
        players = kodi.ask("Player.GetActivePlayers")
        expect(f"the client says {kodi.errors()[-3:]}, and players", [player["type"] for player in players], ["video"])
        return players[0]["playerid"]

    def clock():
        # For television this is the place in the programme, so it must not stand still, and may begin anew.
        at = kodi.ask("Player.GetProperties", playerid=player(), properties=["time"])["time"]
        return at["hours"] * 3600 + at["minutes"] * 60 + at["seconds"]
    until("Kodi takes the channel", lambda: kodi.ask("Player.Open", item={"channelid": ids[channel]}))
    seen, times = [], set()

    def moving():
        colour, segments = kodi.colour(), streams.asked(channel, ".ts")
        if colour in PICTURES[channel] and seen[-1:] != [colour]:
            seen.append(colour)
        times.add(clock())
        # Kodi begins with three segments, so the others came while it played.
        if len(seen) < 5 or len(times) < 5 or segments < 5:
            raise NotYet(f"colours seen {seen}, now {colour}; times {sorted(times)}; {segments} segments; "
                         f"the client says {kodi.errors()[-3:]}")
    until(f"channel {channel} is on the screen", moving)


def refused(kodi, streams, ids):
    before = len(kodi.errors())
    until("Kodi takes the channel", lambda: kodi.ask("Player.Open", item={"channelid": ids[DARK]}))

    def refusal():
        assert not streams.asked(DARK), f"a box that is off gets a stream: {streams.counts}"
        if not any("no stream url found" in error for error in kodi.errors()[before:]):
            raise NotYet("the client does not complain")
        expect("players", kodi.ask("Player.GetActivePlayers"), [])
    until("the client is refused", refusal)


def round_of(programs, program, folder, started):
    def said(text):
        print(f"ok: {text} ({time.monotonic() - started:.1f} s)", flush=True)

    streams = Streams(folder)
    try:
        box = Box(programs, program, os.path.join(folder, "data"))
        items = programmes(int(time.time()))
        for name, text in ("catalogue.json", json.dumps(document(streams.origin))), ("guide.xml", xmltv(items)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        box.command("apply", os.path.join(folder, "catalogue.json"))
        box.command("import", "xmltv", os.path.join(folder, "guide.xml"))
        said("the program has its catalogue and its guide")
        kodi = Kodi(programs, folder, f"{box.origin}/stalker_portal/c/")
        until("Kodi answers", lambda: kodi.ask("JSONRPC.Ping"))
        kodi.enable()
        said("Kodi runs")
        until("the client is connected", lambda: connected(kodi))
        ids = until("the channels are there", lambda: listed(kodi))
        said(f"{len(ids)} channels in their groups")
        until("the guide is there", lambda: guided(kodi, ids, items))
        said("the guide")
        for channel in PICTURES:
            plays(kodi, streams, ids, channel)
            said(f"channel {channel} plays")
        box.switch_off()
        refused(kodi, streams, ids)
        said("a box that is off is refused")
    except BaseException:
        print("\nstreams:", dict(streams.counts))
        raise


def tail(path, lines, wanted=""):
    print(f"\n--- the end of {os.path.basename(path)}")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
        for line in collections.deque((line for line in file if re.search(wanted, line)), lines):
            print(line.rstrip()[:400])


def main(program, *options):
    assert set(options) <= {"--keep"}, f"unknown: {options}"

    def late(*_):
        raise AssertionError(f"not done within {SECONDS_MAX} s")
    signal.signal(signal.SIGALRM, late)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    signal.alarm(SECONDS_MAX)
    folder = tempfile.mkdtemp(prefix="boxoffice-kodi-")
    programs = Programs(folder)
    try:
        round_of(programs, program, folder, time.monotonic())
    except BaseException as problem:
        tail(programs.log("player"), 20)
        tail(os.path.join(folder, "home/.kodi/temp/kodi.log"), 80,
             r"(?i) error <|pvr\.stalker|VideoPlayer::|PVR Manager")
        tail(programs.log("box"), 60)
        if not isinstance(problem, AssertionError):
            raise
        sys.exit(f"\nFAILED: {problem}")
    finally:
        signal.alarm(0)
        programs.end()
        if "--keep" in options:
            print("kept:", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
