#!/usr/bin/env python3
"""Fetches weights from a server on this machine that does what servers do: it cuts connections,
ignores ranges, changes its file, sends too much, stalls, redirects, refuses.

usage: loopback.py PROGRAM

No case depends on the clock: the server waits until it is told to go on, and the one case with a
time limit of the program (a stall) waits for the program. Exit status: 0 no faults, 1 faults, 77
the program was built without libcurl.
SPDX-License-Identifier: MIT
"""

import hashlib
import http.server
import json
import os
import random
import resource
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SKIPPED = 77
DONE, FAILED, USAGE, BAD_DATA, NO_INPUT, IO, STOPPED = 0, 1, 2, 65, 66, 74, 75
NAME = "mine:flowers"
FILE = "flowers.pth"
SIZE = 3_000_017

program = os.path.abspath(sys.argv[1])
faults = []


def check(what, holds):
    if not holds:
        faults.append(what)
        print(f"failed: {what}", flush=True)


def content_of(seed):
    return random.Random(seed).randbytes(SIZE)


class Site:
    """What the server serves, and what it was asked."""

    def __init__(self):
        self.content = content_of(1)
        self.etag = '"one"'
        self.modified = None
        self.ranges = True          # it can send a part
        self.heeds_if_range = True
        self.cuts = []              # bytes of the next answers' bodies
        self.status = None          # of every answer
        self.redirects = {}         # from path to address
        self.chunked_extra = 0      # bytes too many, in an answer without a length
        self.length = None          # a false one
        self.content_range = None   # another text for it
        self.hold_at = None         # waits here, in the body, for release()
        self.go_on = threading.Event()
        self.requests = []          # (path, Range, If-Range)

    def release(self):
        """Lets the answers go on that wait."""
        self.hold_at = None
        self.go_on.set()
        self.go_on = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def range_start(self, site):
        """The first byte that is asked for; None: all are."""
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if wanted is None or not site.ranges:
            return None
        if condition is not None and site.heeds_if_range and condition not in (
                site.etag, site.modified):
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def do_GET(self):
        site = self.server.site
        site.requests.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        if self.path in site.redirects:
            self.send_response(302)
            self.send_header("Location", site.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if site.status is not None:
            self.send_error(site.status)
            return
        start = self.range_start(site)
        if start is not None and start >= len(site.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_content(site, start)

    def send_content(self, site, start):
        total = len(site.content)
        waits_for = site.go_on
        body = site.content[start or 0:]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range",
                             site.content_range or f"bytes {start}-{total - 1}/{total}")
        if site.etag is not None:
            self.send_header("ETag", site.etag)
        if site.modified is not None:
            self.send_header("Last-Modified", site.modified)
        self.close_connection = True
        if site.chunked_extra:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body += bytes(site.chunked_extra)
            for at in range(0, len(body), 50_000):
                piece = body[at:at + 50_000]
                self.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(site.length or len(body)))
        self.end_headers()
        if site.cuts:
            body = body[:site.cuts.pop(0)]
        elif site.hold_at is not None and site.hold_at < len(body):
            self.write(body[:site.hold_at])
            body = body[site.hold_at:]
            waits_for.wait()
        self.write(body)

    def write(self, data):
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:     # the program has gone
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = Site()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        protocol = "http" if certificate is None else "https"
        self.address = f"{protocol}://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


class Place:
    """A cache of its own, and a server with a fresh site."""

    def __init__(self, scratch, server):
        self.cache = Path(tempfile.mkdtemp(dir=scratch))
        self.server, self.site = server, Site()
        server.site = self.site
        self.folder = self.cache / "alexnet/weights/mine/flowers"
        self.file, self.part = self.folder / FILE, self.folder / (FILE + ".part")

    def url(self, path="/" + FILE):
        return self.server.address + path

    def start(self, *arguments, name=NAME, url=None, sha256=None, environment=None, **options):
        keep = {key: value for key, value in os.environ.items()
                if not key.lower().endswith("_proxy")}
        sums = ["--sha256", sha256 or hashlib.sha256(self.site.content).hexdigest()]
        return subprocess.Popen(
            [program, "weights", "get", name, "--url", url or self.url(),
             *(sums if name == NAME else []), *arguments],
            env={**keep, "XDG_CACHE_HOME": str(self.cache), **(environment or {})},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def get(self, *arguments, **options):
        """(exit status, stdout, stderr)"""
        process = self.start(*arguments, **options)
        out, err = process.communicate()
        return process.returncode, out, err

    def is_whole(self):
        """The file is there, right, recorded, and nothing else is."""
        names = sorted(path.name for path in self.folder.iterdir())
        return (names == ["about.json", FILE] and self.file.read_bytes() == self.site.content
                and json.loads((self.folder / "about.json").read_text())["bytes"] == SIZE)

    def is_empty(self):
        return not list(self.folder.iterdir())

    def part_bytes(self):
        return self.part.stat().st_size if self.part.exists() else -1

    def succeeds(self, what, *arguments, **options):
        status, out, err = self.get(*arguments, **options)
        check(f"{what}: status {status}, {err}", status == DONE)
        check(f"{what}: the file is whole", status != DONE or self.is_whole())
        return out, err

    def fails(self, what, expected, text, *arguments, **options):
        status, out, err = self.get(*arguments, **options)
        check(f"{what}: status {status} instead of {expected}", status == expected)
        check(f"{what}: '{text}' in '{err}'", text in err)
        check(f"{what}: nothing on stdout", out == "")
        check(f"{what}: no file", not self.file.exists())


# ---- cases ----

def whole(place):
    out, _ = place.succeeds("whole")
    check("whole: says where and how it is verified",
          out == f"{NAME}: {place.file}, 2.9 MiB, SHA-256 as expected\n")
    out, _ = place.succeeds("whole, again", "--json")
    document = json.loads(out)
    check("whole, again: JSON", document["path"] == str(place.file) and not document["fetched"]
          and document["schema"] == 1 and document["bytes"] == SIZE)
    check("whole, again: not fetched again", len(place.site.requests) == 1)
    place.succeeds("whole, forced", "--force")
    check("whole, forced: fetched again", len(place.site.requests) == 2)


def cut_at_random_places(place):
    """One call goes on by itself as long as something arrives."""
    numbers = random.Random(5)
    for round_ in range(3):
        shutil.rmtree(place.folder, ignore_errors=True)
        place.site.requests.clear()
        left = SIZE
        while left > 0 and len(place.site.cuts) < 12:
            place.site.cuts.append(numbers.randint(1, max(1, left // 2)))
            left -= place.site.cuts[-1]
        starts = [0]
        for cut in place.site.cuts:
            starts.append(starts[-1] + cut)
        place.succeeds(f"cut, round {round_}")
        asked = [wanted for _, wanted, _ in place.site.requests]
        check("cut: each answer continues the one before",
              asked == [None] + [f"bytes={start}-" for start in starts[1:]])


def cut_and_called_again(place):
    place.site.cuts = [1_000_000, 0]
    place.fails("cut twice", IO, "")
    check("cut twice: what arrived stays", place.part_bytes() == 1_000_000)
    place.succeeds("called again")
    check("called again: asks for the rest if it is the same file",
          place.site.requests[-1] == ("/" + FILE, "bytes=1000000-", '"one"'))


def without_ranges(place):
    place.site.ranges = False
    place.site.cuts = [1_000_000, 500_000]
    place.succeeds("without ranges")
    check("without ranges: three answers", len(place.site.requests) == 3)


def changed_between_tries(place):
    place.site.cuts = [1_000_000, 0]
    place.fails("changed", IO, "")
    place.site.content, place.site.etag = content_of(2), '"two"'
    place.succeeds("changed")
    check("changed: one answer with all of it", len(place.site.requests) == 3)


def changed_and_not_told(place):
    """A server that tells nothing of its file's version, or sends the rest of another one."""
    for etag, modified, heeds in ((None, None, True), (None, "Tue, 01 Dec 2026 00:00:00 GMT", False),
                                  ('W/"weak"', None, True)):
        shutil.rmtree(place.folder, ignore_errors=True)
        site = place.site
        site.content, site.etag, site.modified, site.heeds_if_range = (
            content_of(1), etag, modified, heeds)
        site.cuts = [1_000_000, 0]
        place.fails(f"not told, {etag}, {modified}", IO, "")
        site.requests.clear()
        site.content = content_of(2)
        place.succeeds(f"not told, {etag}, {modified}")
        check("not told: a second try takes all of it",
              [wanted for _, wanted, _ in site.requests] == ["bytes=1000000-", None])
        check("not told: the condition is what the server said",
              site.requests[0][2] == modified)


def shorter_than_before(place):
    place.site.cuts = [1_000_000, 0]
    place.fails("shorter", IO, "")
    place.site.etag = None
    place.site.content = place.site.content[:900_000]
    record = place.folder / (FILE + ".part.json")
    record.write_text(json.dumps({"schema": 1, "url": place.url(), "bytes": 0}))
    status, _, _ = place.get()
    check("shorter: fetched anew", status == DONE
          and place.file.read_bytes() == place.site.content)


def too_much(place):
    place.site.cuts = [1_000_000, 0]
    place.fails("too much", IO, "")
    place.site.chunked_extra = 5_000_000
    place.fails("too much", BAD_DATA, f"sends more than {SIZE} bytes")
    check("too much: nothing stays", place.is_empty())
    place.site.chunked_extra, place.site.length = 0, 1 << 50
    place.fails("too large", BAD_DATA, "at most 16")
    check("too large: nothing stays", place.is_empty())


def strange_headers(place):
    """What cannot be understood is as good as absent; a part that was not asked for is not taken."""
    site = place.site
    for text in ("bytes", "bytes 0-", "bytes */*", "bytes 0-1/2", "bytes -5-9/10", "lines 1-2/3",
                 f"bytes 1000000-{SIZE - 1}/{SIZE + 1}", "bytes 99999999999999999999-1/2", "x" * 9000):
        shutil.rmtree(place.folder, ignore_errors=True)
        site.cuts, site.content_range = [1_000_000], text
        site.requests.clear()
        place.succeeds(f"Content-Range: {text[:40]}")
        check(f"Content-Range: {text[:40]}: all of it is asked for",
              [wanted for _, wanted, _ in site.requests] == [None, "bytes=1000000-", None])
    site.content_range = None
    for etag in ('"' + "e" * 9000 + '"', '"\x01"', "unquoted", ""):
        shutil.rmtree(place.folder, ignore_errors=True)
        site.cuts, site.etag = [1_000_000], etag
        site.requests.clear()
        place.succeeds(f"ETag: {etag[:40]}")
        check(f"ETag: {etag[:40]}: it is not sent back", site.requests[1][2] is None)
    site.cuts, site.etag, site.ranges = [], None, True
    place.succeeds("a long file name", "--force", url=place.url("/" + FILE + "?" + "q" * 3000))


def another_size_than_published(place):
    place.fails("not the published file", BAD_DATA,
                f"expected a file of 244408911 bytes, the server has {SIZE}",
                name="torchvision:imagenet")


def stalls(place):
    place.site.hold_at = 1_000_000
    place.fails("stalls", IO, "no data came for too long", "--timeout", "1s")
    place.site.release()
    check("stalls: what arrived stays", place.part_bytes() == 1_000_000)
    place.succeeds("after a stall")
    check("after a stall: only the rest", place.site.requests[-1][1] == "bytes=1000000-")


def statuses(place):
    for status, code, text in ((404, NO_INPUT, "no such file (status 404)"), (410, NO_INPUT, "410"),
                               (403, IO, "status 403"), (500, IO, "status 500"),
                               (503, IO, "status 503")):
        place.site.status = status
        place.fails(f"status {status}", code, text)
        check(f"status {status}: nothing stays", place.part_bytes() <= 0)
    place.site.status = None
    place.succeeds("after statuses")


def redirected(place):
    site = place.site
    site.redirects = {f"/{i}": f"/{i + 1}" for i in range(3)}
    site.redirects["/3"] = place.url()
    status, _, err = place.get(url=place.url("/0"))
    check(f"redirects: {err}", status == DONE)
    shutil.rmtree(place.folder)
    site.redirects = {"/a": "/b", "/b": "/a"}
    place.fails("a loop", IO, "more than 5 redirects", url=place.url("/a"))
    for target in ("file:///etc/passwd", "ftp://127.0.0.1/file", "gopher://127.0.0.1:70/1"):
        site.redirects = {"/a": target}
        place.fails(f"to {target}", IO, "another protocol", url=place.url("/a"))


def wrong_checksum(place):
    place.fails("wrong checksum", BAD_DATA, "expected SHA-256 " + "0" * 64, sha256="0" * 64)
    check("wrong checksum: nothing stays", place.is_empty())


def nobody_listens(place):
    place.fails("nobody listens", IO, "", url="http://127.0.0.1:1/" + FILE)


def through_a_proxy(place):
    address = "http://weights.invalid/" + FILE
    place.succeeds("proxy", url=address, environment={"http_proxy": place.server.address})
    check("proxy: it was asked", place.site.requests[0][0] == address)
    shutil.rmtree(place.folder)
    place.succeeds("no_proxy", environment={"http_proxy": "http://127.0.0.1:1",
                                            "no_proxy": "127.0.0.1"})


def from_a_file(place):
    copy = place.cache / "a copy.pth"
    copy.write_bytes(place.site.content)
    status, _, err = place.get(url=copy.as_uri())
    check(f"file: {err}", status == DONE)
    check("file: it is whole", (place.folder / "weights").read_bytes() == place.site.content)
    shutil.rmtree(place.folder)
    place.fails("no such file", NO_INPUT, "No such file", url=copy.as_uri() + ".none")
    place.fails("another machine", USAGE, "another machine", url="file://elsewhere/x")
    place.fails("another protocol", BAD_DATA, "expected https://", url="ftp://127.0.0.1/x")


def no_folder_for_the_cache(place):
    in_the_way = place.cache / "in-the-way"
    in_the_way.write_text("")
    place.fails("a file in the way", IO, "expected a folder, found a file",
                environment={"XDG_CACHE_HOME": str(in_the_way)})
    if os.geteuid() != 0:
        place.cache.chmod(0o500)
        place.fails("not writable", IO, "Permission denied")
        place.cache.chmod(0o700)


def full_disk(place):
    """A limit of the file's size stands for it: the system refuses the write, too."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    place.fails("full disk", IO, "cannot write", preexec_fn=limit)
    check("full disk: what fits stays", place.part_bytes() == 1_000_000)
    place.succeeds("with room")
    check("with room: only the rest", place.site.requests[-1][1] == "bytes=1000000-")


def wait_for_part(place, process, size):
    while process.poll() is None and place.part_bytes() < size:
        time.sleep(0.01)


def stopped(place):
    for number in (signal.SIGINT, signal.SIGTERM):
        shutil.rmtree(place.folder, ignore_errors=True)
        place.site.hold_at = 1_000_000
        process = place.start()
        wait_for_part(place, process, 1_000_000)
        process.send_signal(number)
        _, err = process.communicate()
        check(f"{number.name}: status {process.returncode}", process.returncode == STOPPED)
        check(f"{number.name}: {err}", "continues from there" in err)
        check(f"{number.name}: what arrived stays", place.part_bytes() == 1_000_000)
        place.site.release()
        place.succeeds(f"after {number.name}")
        check(f"after {number.name}: only the rest", place.site.requests[-1][1] == "bytes=1000000-")


def killed_anywhere(place):
    numbers = random.Random(7)
    for _ in range(5):
        place.site.hold_at = numbers.randint(1, SIZE // 6)
        expected = max(place.part_bytes(), 0) + place.site.hold_at
        process = place.start()
        wait_for_part(place, process, expected)
        process.kill()
        process.communicate()
        place.site.release()
        check("killed: what arrived stays, without its name",
              place.part_bytes() == expected and not place.file.exists())
    place.succeeds("after kills")
    check("after kills: not from the beginning", place.site.requests[-1][1] is not None)


def two_at_once(place):
    place.site.hold_at = 1_000_000
    first = place.start()
    wait_for_part(place, first, 1_000_000)
    second = place.start()
    line = second.stderr.readline()
    check(f"two at once: the second waits: {line}", "waiting" in line)
    place.site.release()
    check("two at once: the first is done", first.wait() == DONE)
    check("two at once: the second is done", second.wait() == DONE)
    check("two at once: one file, fetched once", len(place.site.requests) == 1 and place.is_whole())
    first.communicate()
    second.communicate()


def over_tls(place, scratch):
    if shutil.which("openssl") is None:
        print("left out: TLS, as there is no program openssl")
        return
    certificate = Path(scratch, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", certificate, "-out", Path(scratch, "public.pem")],
                   check=True, capture_output=True)
    public = Path(scratch, "public.pem").read_text()
    certificate.write_text(certificate.read_text() + public)
    plain, site = place.url(), place.site
    place.server = Server(certificate)
    place.server.site = site
    trust = {"SSL_CERT_FILE": str(Path(scratch, "public.pem"))}
    place.fails("an unknown certificate", IO, "certificate")
    place.succeeds("TLS", environment=trust)
    shutil.rmtree(place.folder)
    site.redirects = {"/a": plain}
    place.fails("from https to http", IO, "another protocol", url=place.url("/a"),
                environment=trust)
    site.redirects = {"/a": place.url()}
    status, _, err = place.get(url=place.url("/a"), environment=trust)
    check(f"from https to https: {err}", status == DONE)
    place.server.shutdown()


CASES = [whole, cut_at_random_places, cut_and_called_again, without_ranges,
         changed_between_tries, changed_and_not_told, shorter_than_before, too_much,
         strange_headers, another_size_than_published, stalls, statuses, redirected,
         wrong_checksum, nobody_listens, through_a_proxy, from_a_file,
         no_folder_for_the_cache, full_disk, stopped, killed_anywhere, two_at_once]


def main():
    server = Server()
    with tempfile.TemporaryDirectory(prefix="alexnet-fetch-") as scratch:
        _, _, err = Place(scratch, server).get(url="http://127.0.0.1:1/x")
        if "without libcurl" in err:
            print("skipped: the program was built without libcurl")
            return SKIPPED
        for case in CASES:
            case(Place(scratch, server))
        over_tls(Place(scratch, server), scratch)
    server.shutdown()
    print(f"{len(CASES) + 1} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
