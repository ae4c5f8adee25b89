"""The `hf` command, run as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from content import MEGABYTE, noise
from people import ALICE, ALICE_READ, BOB

HF = Path(sys.executable).with_name("hf")


@pytest.fixture
def hf(tmp_path, url):
    """Runs `hf` with a home of its own; answers its standard output."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments, token=ALICE, fails=False, **options):
        environment = os.environ | {"HOME": str(home), "HF_HOME": str(home / "hf"), "HF_ENDPOINT": url}
        environment.pop("HF_HUB_DISABLE_IMPLICIT_TOKEN", None)
        if token:
            environment["HF_TOKEN"] = token
        done = subprocess.run(
            [HF, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            **options,
        )
        assert (done.returncode != 0) == fails, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr if fails else done.stdout

    return run


def test_login_whoami_logout(hf):
    hf("auth", "login", "--token", ALICE, token=None)
    assert "alice" in hf("auth", "whoami", token=None)
    assert json.loads(hf("auth", "whoami", "--json", token=None))["user"] == "alice"
    assert ALICE in hf("auth", "token", token=None)
    assert "alice write" in hf("auth", "list", token=None)
    hf("auth", "logout", token=None)
    hf("auth", "whoami", token=None, fails=True)


def test_switch_between_tokens(hf):
    hf("auth", "login", "--token", ALICE, token=None)
    hf("auth", "login", "--token", ALICE_READ, token=None)
    assert ALICE_READ in hf("auth", "token", token=None)
    hf("auth", "switch", "--token-name", "alice write", token=None)
    assert ALICE in hf("auth", "token", token=None)


def test_login_with_a_wrong_token(hf):
    assert "nvalid" in hf("auth", "login", "--token", "hf_wrong", token=None, fails=True)


def test_repos_life(hf, alice, new_name):
    name, other = new_name(), new_name()
    hf("repos", "create", name, "--private")
    assert alice.model_info(f"alice/{name}").private
    hf("repos", "create", name, fails=True)
    hf("repos", "create", name, "--exist-ok")
    hf("repos", "settings", f"alice/{name}", "--public")
    hf("repos", "settings", f"alice/{name}", "--gated", "manual")
    assert alice.model_info(f"alice/{name}").gated == "manual"
    hf("repos", "branch", "create", f"alice/{name}", "dev")
    hf("repos", "branch", "create", f"alice/{name}", "dev", fails=True)
    hf("repos", "branch", "delete", f"alice/{name}", "dev")
    hf("repos", "tag", "create", f"alice/{name}", "v1", "-m", "first")
    assert "v1" in hf("repos", "tag", "list", f"alice/{name}")
    hf("repos", "tag", "delete", f"alice/{name}", "v1", "--yes")
    hf("repos", "move", f"alice/{name}", f"alice/{other}")
    assert f"alice/{other}" in hf("repos", "ls", "-q", "--limit", "0")
    hf("repos", "duplicate", f"alice/{other}", f"alice/{name}-copy")
    hf("repos", "delete", f"alice/{other}", "--yes")
    assert not alice.repo_exists(f"alice/{other}")
    assert alice.repo_exists(f"alice/{name}-copy")


def test_repos_of_other_kinds(hf, alice, new_name):
    name = new_name()
    hf("repos", "create", name, "--type", "dataset")
    hf("repos", "create", name, "--type", "space", "--sdk", "static")
    assert alice.repo_exists(f"alice/{name}", repo_type="dataset")
    assert alice.space_info(f"alice/{name}").sdk == "static"


def test_upload_and_download(hf, alice, new_name, tmp_path):
    repo = f"alice/{new_name()}"
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "README.md").write_text("---\nlicense: mit\n---\n# Hi\n")
    (source / "sub" / "weights.bin").write_bytes(noise(2 * MEGABYTE))
    (source / "skip.tmp").write_text("no")
    # A repository that is not there yet is created.
    assert repo in hf("upload", repo, source, ".", "--exclude", "*.tmp", "--commit-message", "from the shell")
    assert alice.list_repo_commits(repo)[0].title == "from the shell"
    assert sorted(alice.list_repo_files(repo)) == [".gitattributes", "README.md", "sub/weights.bin"]
    hf("upload", repo, source / "skip.tmp", "one/file.txt")
    target = tmp_path / "target"
    hf("download", repo, "--local-dir", target)
    assert (target / "sub" / "weights.bin").read_bytes() == noise(2 * MEGABYTE)
    assert (target / "one" / "file.txt").read_text() == "no"
    path = hf("download", repo, "README.md", "-q").strip()
    assert Path(path).read_text().endswith("# Hi\n")
    assert "sub/weights.bin" in hf("download", repo, "--include", "*.bin", "--dry-run")
    hf("upload", repo, source, ".", "--include", "*.md", "--delete", "*.txt")
    assert "one/file.txt" not in alice.list_repo_files(repo)
    hf("repos", "delete-files", repo, "*.bin")
    assert "sub/weights.bin" not in alice.list_repo_files(repo)
    assert "not found" in hf("download", "alice/never-made", fails=True).lower()


def test_cp(hf, alice, repo, tmp_path):
    (tmp_path / "a.txt").write_text("copied")
    hf("cp", tmp_path / "a.txt", f"hf://{repo}/a.txt")
    assert "a.txt" in alice.list_repo_files(repo)
    hf("cp", f"hf://{repo}/a.txt", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text() == "copied"


def test_cp_between_repositories(hf, alice, new_repo):
    source, target = new_repo(), new_repo("dataset")
    alice.upload_file(repo_id=source, path_or_fileobj=b"copied", path_in_repo="sub/a.txt")
    hf("repos", "cp", f"hf://{source}/sub/a.txt", f"hf://datasets/{target}/b.txt")
    hf("cp", f"hf://{source}/sub/a.txt", f"hf://{source}/other/a.txt")
    assert "b.txt" in alice.list_repo_files(target, repo_type="dataset")
    assert "other/a.txt" in alice.list_repo_files(source)


def test_cache(hf, alice, repo):
    alice.upload_file(repo_id=repo, path_or_fileobj=b"1", path_in_repo="a.txt")
    hf("download", repo)
    assert repo in hf("cache", "ls")
    hf("cache", "verify", repo, "--fail-on-missing-files", "--fail-on-extra-files")
    hf("cache", "rm", f"model/{repo}", "--yes")
    assert repo not in hf("cache", "ls")
    hf("cache", "prune", "--yes")


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_list_and_info(hf, alice, new_repo, kind):
    repo = new_repo(kind)
    alice.upload_file(repo_id=repo, repo_type=kind, path_or_fileobj=b"# Card\n", path_in_repo="README.md")
    alice.upload_file(repo_id=repo, repo_type=kind, path_or_fileobj=b"1", path_in_repo="sub/a.txt")
    group = f"{kind}s"
    assert repo in hf(group, "ls", "--author", "alice", "-q", "--limit", "1000")
    assert repo in hf(group, "ls", "--search", repo.split("/")[1], "-q")
    hf(group, "ls", "--sort", "created_at", "--limit", "3", "--expand", "likes,createdAt")
    assert json.loads(hf(group, "info", repo, "--json"))["id"] == repo
    assert "README.md" in hf(group, "ls", repo)
    assert "sub/a.txt" in hf(group, "ls", repo, "-R")
    hf(group, "ls", repo, "--tree", "-h")
    assert "# Card" in hf(group, "card", repo)
    hf(group, "info", "alice/never-made", fails=True)


def test_a_stranger_is_told_what_is_wrong(hf, new_repo):
    repo = new_repo(private=True)
    assert "404" in (text := hf("download", repo, token=BOB, fails=True)) or "not found" in text.lower()
