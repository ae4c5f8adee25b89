"""curl: plain downloads, ranges, resuming, conditions."""

import subprocess

import pytest
from huggingface_hub.utils import parse_ratelimit_headers

from content import MEGABYTE, noise, sha256
from people import ALICE

LARGE = noise(5 * MEGABYTE, 21)


@pytest.fixture(scope="module")
def address(alice, url):
    repo = alice.create_repo("alice/curl-compat", exist_ok=True).repo_id
    alice.upload_file(repo_id=repo, path_or_fileobj=LARGE, path_in_repo="large.bin")
    alice.upload_file(repo_id=repo, path_or_fileobj=b"0123456789", path_in_repo="small.txt")
    return f"{url}/{repo}/resolve/main"


def curl(*arguments) -> bytes:
    return subprocess.run(["curl", "--silent", "--show-error", *arguments], check=True, capture_output=True).stdout


def headers(*arguments) -> dict[str, str]:
    """Of the last answer, after redirects."""
    text = curl("--head", "--location", *arguments).decode().replace("\r", "")
    last = text.strip().split("\n\n")[-1].split("\n")
    return {"status": last[0].split()[1]} | {
        name.lower(): value for name, _, value in (line.partition(": ") for line in last[1:])
    }


def test_download(address, tmp_path):
    curl("--location", "--fail", "--output", str(tmp_path / "large.bin"), f"{address}/large.bin")
    assert (tmp_path / "large.bin").read_bytes() == LARGE
    assert curl("--location", f"{address}/small.txt?download=true") == b"0123456789"


def test_head(address):
    large = headers(f"{address}/large.bin")
    assert large["status"] == "200"
    assert large["content-length"] == str(len(LARGE))
    assert large["accept-ranges"] == "bytes"
    first = curl("--head", f"{address}/large.bin").decode().lower()
    assert "x-repo-commit: " in first
    assert f'x-linked-etag: "{sha256(LARGE)}"' in first
    assert f"x-linked-size: {len(LARGE)}" in first


@pytest.mark.parametrize(
    "wanted,expected",
    [("0-9", LARGE[:10]), ("100-", LARGE[100:]), ("-7", LARGE[-7:]), (f"{MEGABYTE}-{MEGABYTE}", LARGE[MEGABYTE : MEGABYTE + 1])],
)
def test_range(address, wanted, expected):
    assert curl("--location", "--range", wanted, f"{address}/large.bin") == expected


def test_ranges_of_small_files(address):
    assert curl("--location", "--range", "2-4", f"{address}/small.txt") == b"234"
    several = curl("--location", "--include", "--range", "0-1,8-9", f"{address}/small.txt")
    assert b"multipart/byteranges" in several and b"bytes 8-9/10" in several


def test_range_past_the_end(address):
    text = curl("--location", "--include", "--range", "10-", f"{address}/small.txt").decode()
    assert " 416 " in text and "bytes */10" in text


def test_resume(address, tmp_path):
    begun = tmp_path / "large.bin"
    begun.write_bytes(LARGE[: 2 * MEGABYTE + 5])
    curl("--location", "--fail", "--continue-at", "-", "--output", str(begun), f"{address}/large.bin")
    assert begun.read_bytes() == LARGE


def test_conditions(address):
    etag = headers(f"{address}/small.txt")["etag"]
    status = curl("--output", "/dev/null", "--write-out", "%{http_code}", "-H", f"If-None-Match: {etag}", f"{address}/small.txt")
    assert status == b"304"


def test_raw_of_a_large_file_is_its_pointer(address):
    raw = curl(f"{address.replace('/resolve/', '/raw/')}/large.bin").decode()
    assert raw == f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(LARGE)}\nsize {len(LARGE)}\n"


def test_private_needs_the_token(alice, url):
    repo = alice.create_repo("alice/curl-private", private=True, exist_ok=True).repo_id
    alice.upload_file(repo_id=repo, path_or_fileobj=LARGE, path_in_repo="large.bin")
    address = f"{url}/{repo}/resolve/main/large.bin"
    assert curl("--output", "/dev/null", "--write-out", "%{http_code}", address) == b"401"
    assert curl("--location", "-H", f"Authorization: Bearer {ALICE}", address) == LARGE


def test_nothing_runs_script_on_our_origin(alice, url):
    repo = alice.create_repo("alice/curl-script", exist_ok=True).repo_id
    alice.upload_file(repo_id=repo, path_or_fileobj=b"<script>alert(1)</script>", path_in_repo="x.html")
    alice.upload_file(repo_id=repo, path_or_fileobj=b"<svg onload='alert(1)'/>", path_in_repo="x.svg")
    for name in ("x.html", "x.svg"):
        for door in ("resolve", "raw"):
            answer = headers(f"{url}/{repo}/{door}/main/{name}")
            assert "nosniff" in answer["x-content-type-options"]
            safe_type = answer["content-type"].startswith("text/plain")
            sandboxed = "sandbox" in answer.get("content-security-policy", "")
            attached = answer.get("content-disposition", "").startswith("attachment")
            assert safe_type or sandboxed or attached, answer


def test_the_client_reads_what_is_left_of_a_quota(http):
    left = parse_ratelimit_headers(http.get("/api/models").headers)
    assert (left.resource_type, left.window_seconds) == ("api", 300)
    assert 0 < left.remaining < left.limit and 0 < left.reset_in_seconds <= 300
