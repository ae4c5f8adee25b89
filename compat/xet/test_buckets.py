"""Buckets: HfApi, `hf buckets` and plain HTTP. Files go by hf-xet, as they always do with buckets."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    BucketBatchError,
    BucketNotFoundError,
    EntryNotFoundError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)

from content import MEGABYTE, noise, sha256
from people import ALICE, ALICE_READ, BOB, CAROL, bearer


@pytest.fixture
def bob(url) -> HfApi:
    return HfApi(endpoint=url, token=BOB)


@pytest.fixture
def carol(url) -> HfApi:
    return HfApi(endpoint=url, token=CAROL)


@pytest.fixture
def nobody(url) -> HfApi:
    return HfApi(endpoint=url, token=False)


@pytest.fixture
def name(request) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return f"{stem}-{os.urandom(4).hex()}"


@pytest.fixture
def bucket(alice, name) -> str:
    return alice.create_bucket(f"alice/{name}").bucket_id


def paths(api: HfApi, bucket: str, prefix=None, **options) -> list[str]:
    return [entry.path for entry in api.list_bucket_tree(bucket, prefix, **options)]


def status_of(error) -> int:
    return error.value.response.status_code


def test_life_of_a_bucket(alice, bob, nobody, url, name):
    made = alice.create_bucket(name)
    id = f"alice/{name}"
    assert (made.url, made.bucket_id, made.namespace) == (f"{url}/buckets/{id}", id, "alice")
    assert made.uri.to_uri() == f"hf://buckets/{id}"
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_bucket(id)
    assert status_of(error) == 409
    assert error.value.response.json()["url"] == made.url
    again = alice.create_bucket(id, exist_ok=True)
    assert again.url == made.url
    # Whoever may not create there gets what exists, or the refusal.
    assert bob.create_bucket(id, exist_ok=True).bucket_id == id
    with pytest.raises(HfHubHTTPError) as error:
        bob.create_bucket(f"alice/{name}-2", exist_ok=True)
    assert status_of(error) == 403
    with pytest.raises(HfHubHTTPError) as error:
        nobody.create_bucket(f"alice/{name}-2")
    assert status_of(error) == 401

    info = alice.bucket_info(id)
    assert (info.id, info.private, info.size, info.total_files) == (id, False, 0, 0)
    assert abs((datetime.now(timezone.utc) - info.created_at).total_seconds()) < 60
    assert nobody.bucket_info(id).id == id
    assert list(alice.list_bucket_tree(id)) == []
    assert list(alice.list_bucket_tree(id, "nothing")) == []

    alice.update_bucket_settings(id, private=True)
    assert alice.bucket_info(id).private
    with pytest.raises(BucketNotFoundError) as error:
        bob.bucket_info(id)
    assert status_of(error) == 404 and error.value.bucket_id == id
    with pytest.raises(BucketNotFoundError) as error:
        nobody.bucket_info(id)
    assert status_of(error) == 401
    alice.update_bucket_settings(id, private=False)
    assert not bob.bucket_info(id).private
    with pytest.raises(HfHubHTTPError) as error:
        bob.update_bucket_settings(id, private=True)
    assert status_of(error) == 403

    with pytest.raises(HfHubHTTPError) as error:
        bob.delete_bucket(id)
    assert status_of(error) == 403
    with pytest.raises(HfHubHTTPError):
        bob.delete_bucket(id, missing_ok=True)
    alice.delete_bucket(id)
    with pytest.raises(BucketNotFoundError):
        alice.bucket_info(id)
    with pytest.raises(BucketNotFoundError):
        alice.delete_bucket(id)
    alice.delete_bucket(id, missing_ok=True)


def test_lists_of_buckets(alice, bob, nobody, name):
    alice.create_bucket(f"{name}-open")
    alice.create_bucket(f"{name}-closed", private=True)
    for api, expect in [(alice, ["closed", "open"]), (bob, ["open"]), (nobody, ["open"])]:
        found = [entry.id for entry in api.list_buckets("alice", search=name)]
        assert sorted(found) == [f"alice/{name}-{end}" for end in expect]
    assert {entry.id for entry in alice.list_buckets()} >= {f"alice/{name}-open", f"alice/{name}-closed"}
    # The name of the owner is no part of what is searched.
    assert f"alice/{name}-open" not in [entry.id for entry in alice.list_buckets(search="alice")]
    assert list(alice.list_buckets(search="%")) == []
    with pytest.raises(HfHubHTTPError) as error:
        list(nobody.list_buckets())
    assert status_of(error) == 401
    with pytest.raises(HfHubHTTPError) as error:
        list(alice.list_buckets("nobody-of-this-name"))
    assert status_of(error) == 404
    storage = {repo.id: repo for repo in alice.list_user_repos()}[f"alice/{name}-closed"]
    assert (storage.type, storage.visibility, storage.storage) == ("bucket", "private", 0)


def test_buckets_of_an_organization_follow_its_default(alice, bob, carol, name):
    id = alice.create_bucket(f"acme/{name}").bucket_id
    assert not bob.bucket_info(id).private
    # A contributor writes to what they made; a reader to nothing.
    of_carol = carol.create_bucket(f"acme/{name}-of-carol").bucket_id
    carol.batch_bucket_files(of_carol, add=[(b"x", "x")])
    for api, closed in [(carol, id), (bob, of_carol)]:
        with pytest.raises(HfHubHTTPError) as error:
            api.batch_bucket_files(closed, delete=["x"])
        assert status_of(error) == 403
    with pytest.raises(HfHubHTTPError) as error:
        bob.create_bucket(f"acme/{name}-of-bob")
    assert status_of(error) == 403

    assert alice.bucket_info(alice.create_bucket(f"quiet/{name}").bucket_id).private
    assert not alice.bucket_info(alice.create_bucket(f"quiet/{name}-open", private=False).bucket_id).private
    assert alice.bucket_info(alice.create_bucket(f"acme/{name}-hidden", visibility="private").bucket_id).private


def test_files_come_change_and_go(alice, bucket, tmp_path):
    local = tmp_path / "weights.safetensors"
    local.write_bytes(noise(3 * MEGABYTE, 11))
    os.utime(local, (1_700_000_000, 1_700_000_000))
    files = {"a.txt": b"one", "empty.txt": b"", "logs/1/b.json": b"{}", "logs/c.txt": b"two", "logs.txt": b"three"}
    alice.batch_bucket_files(
        bucket, add=[(content, path) for path, content in files.items()] + [(local, "models/w.safetensors")]
    )
    files["models/w.safetensors"] = local.read_bytes()
    info = alice.bucket_info(bucket)
    assert (info.total_files, info.size) == (len(files), sum(map(len, files.values())))

    listed = {entry.path: entry for entry in alice.list_bucket_tree(bucket, recursive=True)}
    assert list(listed) == sorted(files)
    for path, content in files.items():
        assert listed[path].size == len(content) and re.fullmatch("[0-9a-f]{64}", listed[path].xet_hash)
        assert listed[path].uploaded_at is not None
    assert listed["models/w.safetensors"].mtime == datetime.fromtimestamp(1_700_000_000, timezone.utc)
    assert list(alice.list_bucket_tree(bucket)) == list(listed.values())

    root = list(alice.list_bucket_tree(bucket, recursive=False))
    assert [(entry.type, entry.path) for entry in root] == [
        ("file", "a.txt"), ("file", "empty.txt"), ("directory", "logs"), ("file", "logs.txt"), ("directory", "models"),
    ]  # fmt: skip
    assert root[2].uploaded_at is not None
    # Letter by letter, with what lies in the folder that the prefix names.
    assert paths(alice, bucket, "logs", recursive=False) == ["logs.txt", "logs/1", "logs/c.txt"]
    assert paths(alice, bucket, "logs/", recursive=False) == ["logs/1", "logs/c.txt"]
    assert paths(alice, bucket, "lo", recursive=False) == ["logs", "logs.txt"]
    assert paths(alice, bucket, "logs/1", recursive=False) == ["logs/1/b.json"]
    assert paths(alice, bucket, "logs", recursive=True) == ["logs.txt", "logs/1/b.json", "logs/c.txt"]
    assert paths(alice, bucket, "a.txt", recursive=False) == ["a.txt"]

    asked = ["logs/c.txt", "missing", "a.txt", "logs", "", "../x"]
    assert [entry.path for entry in alice.get_bucket_paths_info(bucket, asked)] == ["logs/c.txt", "a.txt"]

    metadata = alice.get_bucket_file_metadata(bucket, "models/w.safetensors")
    assert metadata.size == 3 * MEGABYTE
    assert metadata.xet_file_data.file_hash == listed["models/w.safetensors"].xet_hash
    assert metadata.xet_file_data.refresh_route.endswith(f"/api/buckets/{bucket}/xet-read-token")

    alice.download_bucket_files(bucket, [(path, tmp_path / "down" / path) for path in files])
    assert {path: (tmp_path / "down" / path).read_bytes() for path in files} == files
    with pytest.warns(UserWarning, match="not found"):
        alice.download_bucket_files(bucket, [("missing", tmp_path / "m"), ("a.txt", tmp_path / "a")])
    assert (tmp_path / "a").read_bytes() == b"one" and not (tmp_path / "m").exists()
    with pytest.raises(EntryNotFoundError):
        alice.download_bucket_files(bucket, [("missing", tmp_path / "m")], raise_on_missing_files=True)

    before = listed["a.txt"]
    alice.batch_bucket_files(bucket, add=[(b"changed", "a.txt")], delete=["logs/1/b.json", "logs/c.txt"])
    after = next(iter(alice.get_bucket_paths_info(bucket, ["a.txt"])))
    assert after.size == 7 and after.xet_hash != before.xet_hash and after.uploaded_at > before.uploaded_at
    assert paths(alice, bucket, recursive=False) == ["a.txt", "empty.txt", "logs.txt", "models"]
    # A file that is gone already is as good as deleted.
    alice.batch_bucket_files(bucket, delete=["logs/c.txt"])
    info = alice.bucket_info(bucket)
    assert (info.total_files, info.size) == (4, 7 + 0 + 5 + 3 * MEGABYTE)
    alice.batch_bucket_files(bucket, delete=paths(alice, bucket))
    info = alice.bucket_info(bucket)
    assert (info.total_files, info.size) == (0, 0)
    storage = {repo.id: repo for repo in alice.list_user_repos()}[bucket]
    assert storage.storage == 0


def test_failures_of_a_batch_are_told_one_by_one(alice, bob, bucket, http):
    unknown = "ab" * 32
    with pytest.raises(BucketBatchError) as error:
        alice.batch_bucket_files(bucket, add=[(b"good", "good")], copy=[("bucket", bucket, unknown, "bad")])
    assert [failure["path"] for failure in error.value.failures] == ["bad"]
    assert status_of(error) == 200
    assert paths(alice, bucket) == ["good"]
    with pytest.raises(BucketBatchError) as error:
        alice.batch_bucket_files(bucket, copy=[("model", "alice/no-such-model", unknown, "bad")])
    assert status_of(error) == 422
    assert "not found" in error.value.failures[0]["error"]

    def send(*lines, token=ALICE):
        body = "\n".join(json.dumps(line) for line in lines)
        headers = bearer(token) | {"Content-Type": "application/x-ndjson"}
        return http.post(f"/api/buckets/{bucket}/batch", content=body, headers=headers)

    add = {"type": "addFile", "path": "x", "xetHash": unknown, "mtime": 1}
    answer = send(add, {"type": "deleteFile", "path": "good"})
    assert answer.status_code == 200
    assert answer.json() | {"failed": None} == {"success": False, "processed": 2, "succeeded": 1, "failed": None}
    assert send(add).status_code == 422
    assert send({"type": "deleteFile", "path": "a/../b"}).json()["failed"][0]["path"] == "a/../b"
    assert send({"type": "deleteFile", "path": "x"}, add).status_code == 400
    assert send({"type": "renameFile", "path": "x"}).status_code == 400
    assert send({"type": "addFile", "path": "x"}).status_code == 400
    assert http.post(f"/api/buckets/{bucket}/batch", content="nonsense", headers=bearer(ALICE)).status_code == 400
    assert send().json() == {"success": True, "processed": 0, "succeeded": 0, "failed": []}
    assert send(add, token=BOB).status_code == 403
    assert send(add, token=ALICE_READ).status_code == 403
    answer = http.post(f"/api/buckets/{bucket}/batch", content="{}")
    assert answer.status_code == 401

    # What another bucket holds is not there to be added by its hash.
    other = bob.create_bucket(f"bob/{bucket.split('/')[1]}", private=True).bucket_id
    bob.batch_bucket_files(other, add=[(b"secret of bob", "s")])
    hash = next(iter(bob.get_bucket_paths_info(other, ["s"]))).xet_hash
    assert send(add | {"xetHash": hash}).status_code == 422
    copy = {"type": "copyFile", "path": "x", "xetHash": hash, "sourceRepoType": "bucket", "sourceRepoId": other}
    private = send(copy).json()["failed"][0]["error"]
    missing = send(copy | {"sourceRepoId": "bob/nothing"}).json()["failed"][0]["error"]
    assert private.replace(other, "X") == missing.replace("bob/nothing", "X")


def test_plain_http_gives_files(alice, bucket, http, nobody):
    content = noise(300_000, 12)
    alice.batch_bucket_files(bucket, add=[(content, "dir/a b.bin"), (b"", "empty")])
    path = f"/buckets/{bucket}/resolve/dir/a%20b.bin"
    for spelled in (path, path.replace("dir/", "dir%2F")):
        answer = http.get(spelled)
        assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["etag"].strip('"') == sha256(content)
    head = http.head(path, headers={"Accept-Encoding": "identity"})
    assert head.headers["content-length"] == head.headers["x-linked-size"] == "300000"
    assert re.fullmatch("[0-9a-f]{64}", head.headers["x-xet-hash"])
    assert head.links["xet-auth"]["url"].endswith(f"/api/buckets/{bucket}/xet-read-token")
    assert head.links["xet-reconstruction-info"]["url"].endswith(head.headers["x-xet-hash"])
    part = http.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    assert part.headers["content-range"] == "bytes 100-199/300000"
    assert http.get(path, headers={"Range": "bytes=300000-"}).status_code == 416
    assert http.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    info = http.get(path, headers={"Accept": "application/vnd.xet-fileinfo+json, */*", "Range": "bytes=0-0"})
    assert info.headers["content-type"].startswith("application/vnd.xet-fileinfo+json")
    assert info.json() | {"refreshUrl": 0, "reconstructionUrl": 0, "etag": 0} == {
        "hash": head.headers["x-xet-hash"], "size": 300_000, "refreshUrl": 0, "reconstructionUrl": 0, "etag": 0,
    }  # fmt: skip
    assert http.get(f"/buckets/{bucket}/resolve/empty").content == b""
    for gone in ("nothing", "dir", "dir%2F..%2Fempty", "%2e%2e"):
        answer = http.get(f"/buckets/{bucket}/resolve/{gone}")
        assert answer.status_code == 404, gone
    assert http.get(f"/buckets/{bucket}/resolve/nothing").headers["x-error-code"] == "EntryNotFound"
    with pytest.raises(RemoteEntryNotFoundError):
        alice.get_bucket_file_metadata(bucket, "nothing")
    alice.update_bucket_settings(bucket, private=True)
    assert http.get(path).status_code == 401
    assert http.get(path, headers=bearer(CAROL)).status_code == 404
    assert http.get(path, headers=bearer(ALICE_READ)).content == content


def test_tokens_of_the_chunk_store(bucket, alice, http):
    for what, token, status in [
        ("read", "", 200), ("read", ALICE, 200), ("write", ALICE, 200), ("write", ALICE_READ, 403),
        ("write", CAROL, 403), ("write", "", 401),
    ]:  # fmt: skip
        answer = http.get(f"/api/buckets/{bucket}/xet-{what}-token", headers=bearer(token) if token else {})
        assert answer.status_code == status, (what, token)
        if status == 200:
            assert answer.headers["x-xet-access-token"] == answer.json()["accessToken"]
            assert answer.headers["x-xet-cas-url"] == answer.json()["casUrl"]


def test_a_bucket_moves(alice, bob, bucket, name):
    alice.batch_bucket_files(bucket, add=[(b"x", "x")])
    alice.move_bucket(bucket, f"alice/{name}-new")
    assert alice.bucket_info(f"alice/{name}-new").total_files == 1
    # The old name leads there.
    assert alice.bucket_info(bucket).id == f"alice/{name}-new"
    alice.move_bucket(f"alice/{name}-new", f"acme/{name}")
    assert paths(bob, f"acme/{name}") == ["x"]
    alice.create_bucket(f"alice/{name}-other")
    with pytest.raises(HfHubHTTPError, match="already exists"):
        alice.move_bucket(f"alice/{name}-other", f"acme/{name}")
    with pytest.raises(RepositoryNotFoundError):
        alice.move_bucket("alice/no-such-bucket", f"alice/{name}-x")
    with pytest.raises(HfHubHTTPError):
        bob.move_bucket(f"alice/{name}-other", f"bob/{name}")


def test_many_writers_at_once_give_exact_totals(alice, bucket):
    alice.batch_bucket_files(bucket, add=[(b"shared", f"s/{number}") for number in range(20)])

    def work(writer: int):
        own = HfApi(endpoint=alice.endpoint, token=ALICE)
        own.batch_bucket_files(bucket, add=[(b"x" * writer, f"w{writer}/{number}") for number in range(10)])
        own.batch_bucket_files(bucket, add=[(b"y" * 3, "s/0")], delete=[f"s/{writer + 1}", f"w{writer}/0"])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    listed = list(alice.list_bucket_tree(bucket))
    info = alice.bucket_info(bucket)
    assert (info.total_files, info.size) == (len(listed), sum(entry.size for entry in listed))
    assert len(listed) == 20 - 6 + 6 * 9


def test_long_listings_come_in_pages(alice, bucket, http):
    alice.batch_bucket_files(bucket, add=[(b"%d" % number, f"d/{number:04}") for number in range(1003)])
    assert paths(alice, bucket) == [f"d/{number:04}" for number in range(1003)]
    alice.batch_bucket_files(bucket, add=[(b"e", "e/1"), (b"f", "f")])
    for options in ({"recursive": "false"}, {"recursive": "true"}, {"sort": "uploadedAt"}, {"direction": "desc"}):
        whole = http.get(f"/api/buckets/{bucket}/tree", params=options | {"limit": 5000}).json()
        found, url = [], f"/api/buckets/{bucket}/tree?" + "&".join(f"{k}={v}" for k, v in options.items()) + "&limit=400"
        while url:
            answer = http.get(url)
            found += answer.json()
            url = answer.links.get("next", {}).get("url")
        assert found == whole and found, options
    newest = http.get(f"/api/buckets/{bucket}/tree", params={"sort": "uploadedAt", "limit": 2}).json()
    assert {entry["path"] for entry in newest} == {"e/1", "f"}
    assert http.get(f"/api/buckets/{bucket}/tree", params={"cursor": "x"}).status_code == 400
    assert http.get(f"/api/buckets/{bucket}/tree/d", params={"sort": "uploadedAt"}).status_code == 400


def test_the_command_line(machine, bucket, name, tmp_path):
    made = machine.hf("buckets", "create", f"{name}-cli", "--private")
    assert f"hf://buckets/alice/{name}-cli" in made
    machine.hf("buckets", "create", f"alice/{name}-cli", fails=True)
    machine.hf("buckets", "create", f"alice/{name}-cli", "--exist-ok")
    (tmp_path / "f.txt").write_text("content of f")
    machine.hf("buckets", "cp", tmp_path / "f.txt", f"hf://buckets/{bucket}/sub/")
    machine.hf("cp", tmp_path / "f.txt", f"hf://buckets/{bucket}/g.txt")
    assert "sub/f.txt" in machine.hf("buckets", "list", bucket, "-R")
    assert "g.txt" in machine.hf("buckets", "ls", bucket, "--tree", "-h")
    assert "sub/f.txt" in machine.hf("buckets", "ls", f"{bucket}/sub")
    assert bucket in machine.hf("buckets", "list", "--search", name)
    assert json.loads(machine.hf("buckets", "info", bucket, "--format", "json"))["total_files"] == 2
    assert "content of f" in machine.hf("buckets", "cp", f"hf://buckets/{bucket}/sub/f.txt", "-")
    machine.hf("buckets", "cp", f"hf://buckets/{bucket}/g.txt", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_text() == "content of f"
    machine.hf("buckets", "cp", f"hf://buckets/{bucket}/nothing", tmp_path / "no", fails=True)
    assert "would be removed" in machine.hf("buckets", "rm", f"{bucket}/sub", "--recursive", "--dry-run")
    machine.hf("buckets", "rm", f"{bucket}/sub", "--recursive", "--yes")
    machine.hf("buckets", "rm", f"{bucket}/g.txt", "--yes")
    assert json.loads(machine.hf("buckets", "info", bucket, "--format", "json"))["total_files"] == 0
    machine.hf("buckets", "settings", bucket, "--private")
    assert "not found" in machine.hf("buckets", "info", bucket, token=CAROL, fails=True)
    machine.hf("buckets", "move", bucket, f"{bucket}-moved")
    machine.hf("buckets", "delete", f"{bucket}-moved", "--yes")
    machine.hf("buckets", "delete", f"{bucket}-moved", "--yes", fails=True)
    machine.hf("buckets", "delete", f"{bucket}-moved", "--yes", "--missing-ok")


def test_resource_groups_and_regions_are_answered(alice, name, http):
    id = alice.create_bucket(f"alice/{name}", region="eu").bucket_id
    assert http.get(f"/api/buckets/{id}/resource-group", headers=bearer(ALICE)).status_code == 404
    body = {"resourceGroupId": None}
    answer = http.post(f"/api/buckets/{id}/resource-group", json=body, headers=bearer(ALICE))
    assert answer.json() == {"name": id, "type": "bucket", "private": False, "addedBy": "alice"}
    assert http.post(f"/api/buckets/{id}/resource-group", json=body, headers=bearer(BOB)).status_code == 403
    with pytest.raises(HfHubHTTPError):
        alice.create_bucket(f"alice/{name}-2", resource_group_id="0" * 24)
    with pytest.raises(HfHubHTTPError):
        alice.create_bucket(f"alice/{name}-3", region="moon")
    with pytest.raises(HfHubHTTPError):
        alice.create_bucket("alice/.bad")
