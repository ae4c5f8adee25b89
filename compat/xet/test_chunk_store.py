"""The chunk store, asked by hand: what `hf` does not show, and what nobody should be able to do."""

import hashlib
import json
import os
import random

import pytest

from content import MEGABYTE, noise
from people import ALICE, ALICE_READ, BOB, bearer


class ChunkStore:
    """The chunk store as a client reaches it: by the address and the token that the hub side gives."""

    def __init__(self, http, repo, token=ALICE, scope="read"):
        answer = http.get(f"/api/models/{repo}/xet-{scope}-token/main", headers=bearer(token))
        assert answer.status_code == 200, answer.text
        self.view = answer.json()
        assert answer.headers["x-xet-access-token"] == self.view["accessToken"]
        assert answer.headers["x-xet-cas-url"] == self.view["casUrl"]
        assert int(answer.headers["x-xet-token-expiration"]) == self.view["exp"]
        self.http = http

    def ask(self, method, path, headers=None, **options):
        headers = bearer(self.view["accessToken"]) | (headers or {})
        return self.http.request(method, self.view["casUrl"] + path, headers=headers, **options)


def xet_hash(alice, repo, path) -> str:
    [entry] = alice.get_paths_info(repo, [path])
    return entry.xet_hash


def test_reconstructions_say_where_every_byte_is(machine, alice, repo, http):
    """Ranges of a file, put together by hand. Noise is stored as it is, so that no codec stands between."""
    content = noise(5 * MEGABYTE, 14)
    # The second file takes pieces of the first in another order: several terms of one xorb.
    pieces = [content[3_000_000:5_000_000], content[:2_500_000], noise(400_000, 15), content[2_000_000:4_200_000]]
    files = {"first.bin": content, "second.bin": b"".join(pieces)}
    machine.upload(repo, {"first.bin": content})
    machine.upload(repo, {"second.bin": files["second.bin"]})
    store = ChunkStore(http, repo)
    chance = random.Random(16)
    for path, content in files.items():
        file = xet_hash(alice, repo, path)
        assert int(store.ask("HEAD", f"/v1/files/{file}").headers["content-length"]) == len(content)
        ranges = [None, (0, 0), (len(content) - 1, len(content) - 1), (5, 10**12)]
        ranges += [sorted(chance.sample(range(len(content)), 2)) for _ in range(12)]
        for wanted in ranges:
            first, last = wanted or (0, len(content) - 1)
            headers = {"Range": f"bytes={first}-{last}"} if wanted else {}
            for version in ("v1", "v2"):
                answer = store.ask("GET", f"/{version}/reconstructions/{file}", headers)
                assert answer.status_code == 200, answer.text
                again = store.ask("GET", f"/{version}/reconstructions/{file}", headers)
                plan = answer.json()
                assert layout(plan) == layout(again.json())
                assert assembled(http, plan)[: last + 1 - first] == content[first : last + 1]
        past = {"Range": f"bytes={len(content)}-{len(content) + 5}"}
        assert store.ask("GET", f"/v2/reconstructions/{file}", past).status_code == 416
        assert store.ask("GET", f"/v2/reconstructions/{file}", {"Range": "bytes=7-6"}).status_code == 400


def fetches(plan) -> list[tuple[str, str, dict, dict]]:
    """Xorb, address, chunks and bytes of everything that is to be fetched, in either form."""
    if "fetch_info" in plan:
        every = ((xorb, info) for xorb, infos in plan["fetch_info"].items() for info in infos)
        return [(xorb, info["url"], info["range"], info["url_range"]) for xorb, info in every]
    every = ((xorb, info) for xorb, infos in plan["xorbs"].items() for info in infos)
    return [(xorb, info["url"], part["chunks"], part["bytes"]) for xorb, info in every for part in info["ranges"]]


def layout(plan):
    """All but the addresses."""
    parts = [(xorb, chunks, bytes_) for xorb, _, chunks, bytes_ in fetches(plan)]
    return json.dumps([plan["offset_into_first_range"], plan["terms"], parts], sort_keys=True)


def assembled(http, plan) -> bytes:
    fetched = {}
    for xorb, url, chunks, part in fetches(plan):
        answer = http.get(url, headers={"Range": f"bytes={part['start']}-{part['end']}"})
        assert answer.status_code == 206
        assert len(answer.content) == part["end"] + 1 - part["start"]
        for index, chunk in zip(range(chunks["start"], chunks["end"]), plain_chunks(answer.content), strict=True):
            fetched[xorb, index] = chunk
    content = b""
    for term in plan["terms"]:
        chunks_of_xorb = [chunks for xorb, _, chunks, _ in fetches(plan) if xorb == term["hash"]]
        start, end = term["range"]["start"], term["range"]["end"]
        having = [chunks for chunks in chunks_of_xorb if chunks["start"] <= start and end <= chunks["end"]]
        assert len(having) == 1, "each term lies within exactly one range"
        part = b"".join(fetched[term["hash"], index] for index in range(start, end))
        assert len(part) == term["unpacked_length"]
        content += part
    return content[plan["offset_into_first_range"] :]


def plain_chunks(records: bytes):
    while records:
        packed, raw = (int.from_bytes(records[at : at + 3], "little") for at in (1, 5))
        scheme = records[4]
        assert (records[0], scheme, packed) == (0, 0, raw)
        yield records[8 : 8 + raw]
        records = records[8 + raw :]


def test_a_hash_is_no_right_to_read(machine, alice, new_repo, http):
    private, public = new_repo(private=True), new_repo()
    machine.upload(private, {"secret.bin": noise(MEGABYTE, 17)})
    machine.upload(public, {"open.bin": noise(MEGABYTE, 18)})
    secret = xet_hash(alice, private, "secret.bin")
    for scope in ("read", "write"):
        store = ChunkStore(http, public, scope=scope)
        for version in ("v1", "v2"):
            assert store.ask("GET", f"/{version}/reconstructions/{secret}").status_code == 404
        assert store.ask("GET", f"/v2/reconstructions/{'0' * 63}1").status_code == 404
        assert store.ask("HEAD", f"/v1/files/{secret}").status_code == 404
    assert ChunkStore(http, private).ask("GET", f"/v2/reconstructions/{secret}").status_code == 200
    for token in (BOB, None):
        answer = http.get(f"/api/models/{private}/xet-read-token/main", headers=bearer(token) if token else {})
        assert answer.status_code in (401, 404)
    answer = http.get(f"/api/models/{public}/xet-write-token/main", headers=bearer(ALICE_READ))
    assert answer.status_code == 403


def test_tokens_are_for_what_they_were_given(http, machine, repo):
    machine.upload(repo, {"file.bin": noise(MEGABYTE, 19)})
    reader = ChunkStore(http, repo)
    assert reader.ask("POST", "/v1/xorbs/default/" + "0" * 64, content=b"").status_code == 403
    assert reader.ask("POST", "/v1/shards", content=b"").status_code == 403
    text = reader.view["accessToken"]
    for forged in ("x", text[:-2], text[:-1] + ("A" if text[-1] != "A" else "B"), text.swapcase(), ALICE):
        answer = http.get(reader.view["casUrl"] + f"/v2/reconstructions/{'1' * 64}", headers=bearer(forged))
        assert answer.status_code == 401, forged


def test_what_is_not_offered_is_not_found(http, repo):
    """Clients ask for grants first, and break off the upload at any answer but 404."""
    store = ChunkStore(http, repo, scope="write")
    name = "1" * 64
    grant = {"length": 10, "checksum": {"algo": "crc64nvme", "value": "1"}}
    offered = os.environ["HEARTH_STORAGE"] == "postgres"
    answer = store.ask("POST", f"/v1/xorb-grants/default/{name}", json=grant)
    assert answer.status_code == (201 if offered else 404)
    for method, path in [("GET", "/v1/nothing"), ("POST", "/v3/shards"), ("PUT", f"/v1/xorbs/default/{name}")]:
        assert store.ask(method, path).status_code == 404, path
    for prefix in ("default", "default-merkledb"):
        assert store.ask("GET", f"/v1/chunks/{prefix}/{name}").status_code == 404
    assert store.ask("POST", "/v1/telemetry", json={"user_agent": "x"}).status_code == 200


def record(content: bytes, scheme=0, raw=None) -> bytes:
    size = len(content).to_bytes(3, "little")
    return b"\0" + size + bytes([scheme]) + (len(content) if raw is None else raw).to_bytes(3, "little") + content


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(record(b"content"), id="another-hash"),
        pytest.param(record(b"content")[:-1], id="cut-off"),
        pytest.param(record(b"content", scheme=99), id="scheme-99"),
        pytest.param(record(b"content", scheme=1), id="no-frame"),
        pytest.param(record(b"content", raw=8), id="another-length"),
        pytest.param(record(b"x" * 131_073), id="too-long"),
        pytest.param(record(b"x") * 8193, id="too-many"),
        pytest.param(record(b"content") + b"XETBLOB and more", id="trailing"),
    ],
)
def test_a_xorb_that_is_none_is_refused(http, repo, figures, body):
    store, name, before = ChunkStore(http, repo, scope="write"), hashlib.sha256(body).hexdigest(), figures()
    assert store.ask("POST", f"/v1/xorbs/default/{name}", content=body).status_code == 400
    assert store.ask("HEAD", f"/v1/xorbs/default/{name}").status_code == 404
    assert before.xorbs == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"x" * 500, id="no-shard"),
        pytest.param(b"HFRepoMetaData\0" + b"x" * 500, id="wrong-mark"),
    ],
)
def test_a_shard_that_is_none_is_refused(http, repo, body):
    store = ChunkStore(http, repo, scope="write")
    assert store.ask("POST", "/v1/shards", content=body).status_code == 400
    answer = store.ask("POST", "/v2/shards", content=body)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.status_code == 400 or lines[-1]["type"] == "error"
