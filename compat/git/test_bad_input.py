"""What is broken, endless or made to harm: told on the terminal, within bounds, with nothing left behind.

A server of its own, whose memory is looked at.
"""

import gzip
import os
import re
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

import hearth
from content import MEGABYTE, noise
from packs import FLUSH, Pack, blob_id, copying, number, packet
from people import ALICE, bearer
from program import Git

ZERO = b"0" * 40
# What one request of these may make the server's memory grow by.
GROWTH_BYTES = 192 * MEGABYTE


class Server:
    """A server with one repository of Alice's, and its process."""

    def __init__(self, url: str, installation):
        self.url, self.installation = url, installation
        httpx2.post(f"{url}/api/repos/create", json={"name": "bad"}, headers=bearer(ALICE)).raise_for_status()
        self.repo = f"{url}/alice/bad"

    def memory(self, line: str) -> int:
        status = Path(f"/proc/{self.installation.pid}/status").read_text()
        return int(re.search(rf"{line}:\s+(\d+) kB", status)[1]) * 1024

    def refs(self) -> list[str]:
        body = packet(b"command=ls-refs\n") + FLUSH
        answer = httpx2.post(f"{self.repo}/git-upload-pack", content=body, headers={"Git-Protocol": "version=2"})
        return [line.split()[1] for line in answer.text.removesuffix("0000").splitlines()]

    def incoming(self) -> list[Path]:
        return [path for path in self.installation.data.rglob("incoming/*") if path.is_file()]

    def push(self, pack: bytes, head: bytes = b"", headers: dict | None = None) -> str:
        """What a pusher of this pack reads behind `remote:`, and the report."""
        head = head or packet(ZERO + b" " + b"1" * 40 + b" refs/heads/new\0report-status side-band-64k") + FLUSH
        body = head + pack
        if headers:
            body = gzip.compress(body, compresslevel=1)
        answer = httpx2.post(
            f"{self.repo}/git-receive-pack", content=body, auth=("alice", ALICE), headers=headers, timeout=120
        )
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def server():
    with hearth.installation(os.environ.get("HEARTH_STORAGE", "sqlite")) as installation:
        with installation.serving() as url:
            yield Server(url, installation)


def faulty_packs() -> dict[str, tuple[bytes, str]]:
    """By what is wrong with them: the pack, and words of what the pusher is told."""
    packs = {}
    pack = Pack()
    base = pack.blob(b"base")
    pack.on_entry(base, number(4) + number(64 << 30) + b"\x90\x04")
    packs["a delta that promises 64 GiB"] = pack.finish(), "faulty|unfolds to"
    pack = Pack()
    base = pack.blob(bytes(8 * MEGABYTE))
    for _ in range(3000):
        pack.on_entry(base, copying(8 * MEGABYTE, times=4))
    packs["a bomb of deltas"] = pack.finish(), "unfolds to more than the .* bytes allowed here"
    pack = Pack()
    pack.on_object(blob_id(b"one"), copying(3, added=b"x"))
    pack.on_object(blob_id(b"onex"), copying(4, added=b"y"))
    pack.on_object(blob_id(b"onexy"), copying(5, added=b"z"))
    packs["deltas without a base"] = pack.finish(), f"3 deltas without a base; the first needs {blob_id(b'one').hex()}"
    pack = Pack()
    base = pack.blob(b"base")
    for _ in range(5000):
        base = pack.on_entry(base, copying(4))
    packs["an endless chain"] = pack.finish(), "chain of more than 4095 deltas"
    for said in (3, 5, 1 << 40):
        pack = Pack()
        pack.blob(b"base", said=said)
        packs[f"a blob that says it has {said} bytes"] = pack.finish(), "damaged object at byte 12|unfolds to"
    pack = Pack()
    pack.blob(b"base")
    packs["four thousand million objects"] = pack.finish(count=0xFFFFFFFF), "4294967295 objects, more than"
    packs["fewer objects than said"] = pack.finish(count=2), "damaged|malformed|cut off"
    pack = Pack()
    pack.entry(5, 4, b"x\x9c")
    packs["an entry of no kind"] = pack.finish(), "malformed entry at byte 12"
    pack = Pack()
    pack.entry(3, 4, b"no zlib at all")
    packs["a stream of noise"] = pack.finish(), "damaged object at byte 12"
    pack = Pack()
    pack.entry(6, 4, b"\xff\xff\xff\x7f", b"x")
    packs["a base before the beginning"] = pack.finish(), "malformed entry at byte 12"
    pack = Pack()
    pack.entry(3, 6 << 30, b"x\x9c")
    packs["a blob of gigabytes"] = pack.finish(), "damaged object at byte 12|cut off"
    return packs


FAULTY = faulty_packs()


@pytest.mark.parametrize("what", FAULTY)
def test_faulty_packs_are_told_within_bounds(server, what):
    pack, words = FAULTY[what]
    before, refs = server.memory("VmRSS"), server.refs()
    said = server.push(pack)
    assert "unpack ok" not in said and "ng refs/heads/new" in said
    assert re.search(f"error: [^\n]*({words})", said), said[:2000]
    assert server.memory("VmHWM") < before + GROWTH_BYTES
    assert server.refs() == refs and server.incoming() == []


def test_a_gzip_bomb_is_unpacked_within_bounds(server):
    before = server.memory("VmRSS")
    said = server.push(bytes(256 * MEGABYTE), headers={"Content-Encoding": "gzip"})
    assert "what was sent is no pack" in said
    pack = Pack()
    pack.blob(bytes(256 * MEGABYTE))
    said = server.push(pack.finish(), headers={"Content-Encoding": "gzip"})
    assert "unpack ok" not in said
    assert server.memory("VmHWM") < before + GROWTH_BYTES


def test_names_that_cannot_be_are_refused_each(server):
    empty = Pack().finish()
    for name in [b"refs/heads/../x", b"refs/heads/a.lock", b"HEAD", b"main", b"refs/heads/a b", b"refs/heads/\xff", b"refs/heads/x\x7f"]:
        head = packet(ZERO + b" " + b"1" * 40 + b" " + name + b"\0report-status side-band-64k") + FLUSH
        answer = httpx2.post(f"{server.repo}/git-receive-pack", content=head + empty, auth=("alice", ALICE))
        assert answer.status_code == 200 and b"ng " + name in answer.content, answer.content
    assert server.refs() == ["HEAD", "refs/heads/main"]


def test_millions_of_references_are_bounded(server):
    first = packet(b"%s %s refs/heads/b\0report-status side-band-64k" % (ZERO, b"1" * 40))
    commands = b"".join(packet(b"%s %s refs/heads/b%d" % (ZERO, b"1" * 40, number)) for number in range(60_000))
    said = server.push(b"", head=first + commands + FLUSH)
    assert "error: the push names more than 50000 references" in said and "ng refs/heads/b nothing was changed" in said
    prefixes = b"".join(packet(b"ref-prefix refs/heads/%d" % number) for number in range(200_000))
    body = packet(b"command=ls-refs\n") + b"0001" + prefixes + FLUSH
    answer = httpx2.post(f"{server.repo}/git-upload-pack", content=body, headers={"Git-Protocol": "version=2"})
    assert answer.status_code == 200 and "refs/heads/main" in answer.text


def test_only_references_of_the_wanted_names_are_sent(server):
    body = packet(b"command=ls-refs\n") + b"0001" + packet(b"peel\n") + packet(b"ref-prefix refs/tags/\n") + FLUSH
    answer = httpx2.post(f"{server.repo}/git-upload-pack", content=body, headers={"Git-Protocol": "version=2"})
    assert answer.content == FLUSH


def test_a_client_that_stops_reading_costs_little(server, tmp_path):
    source = Git("git", tmp_path)
    address = server.repo.replace("://", f"://alice:{ALICE}@")
    clone = source.clone(address)
    clone.commit("much", **{f"noise-{number}": noise(4 * MEGABYTE, number) for number in range(4)})
    tip = clone.commit("little", a="a")
    clone.run("push", "--quiet", "origin", "main")
    body = packet(b"command=fetch") + b"0001" + packet(b"want " + tip.encode()) + packet(b"done") + FLUSH
    place = urlsplit(server.url)
    head = (
        f"POST /alice/bad/git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    before = server.memory("VmRSS")
    lines = []
    for _ in range(30):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((place.hostname, place.port))
        line.sendall(head.encode() + body)
        # The answer has begun, and is not read any further.
        assert line.recv(12) == b"HTTP/1.1 200"
        lines.append(line)
    again = source.clone(address, "again").sound()
    assert again.out("rev-parse", "HEAD") == tip
    assert server.memory("VmRSS") < before + GROWTH_BYTES
    for line in lines:
        # An end without good manners.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    source.clone(address, "after")


def test_a_push_that_stops_half_way_holds_nobody_up(server, tmp_path):
    """Whoever sends half a push and then nothing keeps a connection, and nothing else."""
    source = Git("git", tmp_path)
    clone = source.clone(server.repo.replace("://", f"://alice:{ALICE}@"))
    place = urlsplit(server.url)
    lines = []
    for _ in range(8):
        line = socket.create_connection((place.hostname, place.port))
        head = packet(ZERO + b" " + b"1" * 40 + b" refs/heads/slow\0report-status") + FLUSH + b"PACK\0\0\0\2\0\0\0\x05"
        token = f"Authorization: Bearer {ALICE}\r\n"
        line.sendall(
            f"POST /alice/bad/git-receive-pack HTTP/1.1\r\nHost: x\r\n{token}Content-Length: 1000000\r\n\r\n".encode() + head
        )
        lines.append(line)
    clone.commit("meanwhile", meanwhile="x")
    clone.run("push", "--quiet", "origin", "HEAD:meanwhile")
    for line in lines:
        line.close()
    assert "refs/heads/slow" not in server.refs()
