"""What surprised us in the clients' wire contract, each point a test.

Points that other files show already are only named here: redirects of renamed repositories
(test_repos), self-authorising upload links (test_uploads), `.no_exist` (test_downloads), form-encoded
paths-info (test_tree), the exact texts (test_refs, test_repos, test_commits, test_cards).
"""

import re

import pytest

from content import MEGABYTE, noise, sha256
from people import ALICE, BOB, bearer


def test_missing_and_private_look_alike_and_carry_the_code(http, new_repo):
    private = new_repo(private=True)
    for token, status in ((None, 401), (BOB, 404)):
        answers = [
            http.get(address, headers=bearer(token) if token else {})
            for repo in (private, "alice/never-made")
            for address in (f"/api/models/{repo}", f"/{repo}/resolve/main/a", f"/api/models/{repo}/tree/main")
        ]
        for answer in answers:
            assert answer.status_code == status
            assert answer.headers["X-Error-Code"] == "RepoNotFound"
        texts = {answer.text.replace(private, "R").replace("alice/never-made", "R") for answer in answers}
        assert len(texts) == 1


def test_errors_are_objects_with_message_and_request_id(http, repo):
    for address in ("/api/models/alice/never-made", f"/api/models/{repo}/tree/nowhere", "/api/nothing/here"):
        answer = http.get(address)
        assert isinstance(answer.json(), dict) and isinstance(answer.json()["error"], str)
        assert answer.headers["X-Error-Message"]
        assert answer.headers["X-Request-Id"]
    echoed = http.get("/api/models", headers={"X-Amzn-Trace-Id": "abc-123"})
    assert "abc-123" in echoed.headers["X-Request-Id"]


def test_a_missing_entry_still_tells_the_commit(http, alice, repo):
    answer = http.head(f"/{repo}/resolve/main/missing.json")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (404, "EntryNotFound")
    assert answer.headers["X-Repo-Commit"] == alice.model_info(repo).sha


def test_tokens_look_as_every_client_wants_them():
    assert re.fullmatch(r"hf_[A-Za-z0-9]{34,}", ALICE)


def test_llama_cpp_reads_one_page_of_the_tree(http, alice, repo):
    from huggingface_hub import CommitOperationAdd

    operations = [CommitOperationAdd(f"f/{number:04}", b"x") for number in range(990)]
    alice.create_commit(repo, operations, commit_message="many")
    refs = http.get(f"/api/models/{repo}/refs").json()
    commit = next(branch["targetCommit"] for branch in refs["branches"] if branch["name"] == "main")
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    page = http.get(f"/api/models/{repo}/tree/{commit}?recursive=true")
    assert len(page.json()) == 992 and "next" not in page.links
    head = http.head(f"/{repo}/resolve/{commit}/f/0001", follow_redirects=True)
    assert head.headers["Content-Length"] == "1" and head.headers["ETag"]


def test_multipart_parts_are_numbered_in_order_with_leading_zeros(http, repo):
    """Only their form: the store decides from which size it wants parts."""
    answer = http.post(
        f"/{repo}.git/info/lfs/objects/batch",
        json={
            "operation": "upload",
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": sha256(b"a giant"), "size": 6 * 1024 * MEGABYTE}],
            "hash_algo": "sha256",
        },
        headers=bearer(ALICE),
    ).json()
    assert answer["transfer"] == "multipart"
    header = answer["objects"][0]["actions"]["upload"]["header"]
    size = int(header["chunk_size"])
    parts = [key for key in header if key.isdigit()]
    assert len(parts) == -(-6 * 1024 * MEGABYTE // size)
    assert parts == sorted(parts) and len({len(part) for part in parts}) == 1
    assert [int(part) for part in parts] == list(range(1, len(parts) + 1))
    assert all(header[part].startswith("http") for part in parts)


def test_javascript_asks_in_its_own_ways(http, alice, repo):
    large = noise(MEGABYTE)
    alice.upload_file(repo_id=repo, path_or_fileobj=large, path_in_repo="a.bin")
    info = http.get(f"/api/models/{repo}/revision/HEAD?expand[]=likes&expand[]=sha").json()
    assert set(info) - {"_id", "id", "modelId"} <= {"likes", "sha"} and info["sha"]
    accepts = {"Range": "bytes=0-0", "Accept": "application/vnd.xet-fileinfo+json, */*"}
    probe = http.get(f"/{repo}/resolve/main/a.bin", headers=accepts, follow_redirects=True)
    assert probe.status_code == 200
    assert probe.headers["Content-Type"] == "application/vnd.xet-fileinfo+json"
    assert probe.headers["X-Linked-Size"] == str(len(large))
    assert len(probe.headers["X-Xet-Hash"]) == 64
    # A file that has no chunks comes as it is.
    probe = http.get(f"/{repo}/resolve/main/.gitattributes", headers=accepts)
    assert probe.status_code == 206
    size = len(http.get(f"/{repo}/resolve/main/.gitattributes").content)
    assert probe.headers["Content-Range"] == f"bytes 0-0/{size}"
    assert http.head(f"/{repo}/raw/main/a.bin").status_code == 200


def test_browsers_may_call_from_anywhere(http, repo):
    origin = {"Origin": "https://example.org"}
    asked = http.options(
        f"/api/models/{repo}",
        headers=origin | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"},
    )
    assert asked.status_code in (200, 204)
    assert asked.headers["Access-Control-Allow-Origin"] in ("*", "https://example.org")
    assert "authorization" in asked.headers["Access-Control-Allow-Headers"].lower()
    answer = http.get(f"/{repo}/resolve/main/.gitattributes", headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://example.org")
    exposed = answer.headers["Access-Control-Expose-Headers"].lower()
    for name in (
        "X-Repo-Commit", "X-Request-Id", "X-Error-Code", "X-Error-Message", "X-Total-Count", "ETag", "Link",
        "Accept-Ranges", "Content-Range", "X-Linked-Size", "X-Linked-ETag", "X-Xet-Hash",
    ):  # fmt: skip
        assert name.lower() in exposed, name


@pytest.mark.parametrize("address", ["/api/models/%00/x", "/api/models/a/b/tree/main/%2e%2e", "/api/models/..%2f/x"])
def test_user_errors_are_never_500(http, address):
    assert http.get(address).status_code in (400, 401, 404)


def test_telemetry_and_other_curiosity_do_not_disturb(http):
    for method, address in (("HEAD", "/api/telemetry/x/y"), ("GET", "/api/agent-harnesses")):
        assert http.request(method, address).status_code < 500


def test_lfs_locks_are_answered_so_that_git_lfs_goes_on(http, repo):
    answer = http.post(f"/{repo}.git/info/lfs/locks/verify", json={}, headers=bearer(ALICE))
    assert answer.status_code in (200, 404, 501)


def test_dates_are_iso_with_milliseconds(http, repo):
    info = http.get(f"/api/models/{repo}").json()
    for name in ("createdAt", "lastModified"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", info[name])
