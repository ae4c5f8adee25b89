"""Git over SSH, and Git LFS over both doors: a server of its own, since SSH is off unless it is asked for."""

import os
import shutil
import subprocess

import pytest

import hearth
from people import ALICE
from program import Git

needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed here")


class Door:
    """A server with SSH, a key of Alice's, and addresses on it."""

    def __init__(self, url: str, port: int, folder):
        self.url, self.port, self.key = url, port, folder / "key"
        known = folder / "known_hosts"
        options = ["-F", "/dev/null", "-i", self.key, "-o", "IdentitiesOnly=yes"]
        options += ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=accept-new"]
        self.ssh = ["ssh", *map(str, options)]
        self.environment = {"GIT_SSH_COMMAND": " ".join(self.ssh), "GIT_LFS_SKIP_SMUDGE": "0"}

    def address(self, repo: str) -> str:
        return f"ssh://git@127.0.0.1:{self.port}/{repo}.git"

    def run(self, *command: str, key=None) -> subprocess.CompletedProcess:
        ssh = [str(key) if key and word == str(self.key) else word for word in self.ssh]
        return subprocess.run(
            [*ssh, "-p", str(self.port), "git@127.0.0.1", *command], capture_output=True, text=True, timeout=60
        )


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ssh")
    with hearth.installation(os.environ.get("HEARTH_STORAGE", "sqlite")) as installation:
        port = hearth.free_port()
        installation.environment |= {"HEARTH_SSH__LISTEN": f"127.0.0.1:{port}"}
        for name in ["key", "stranger"]:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        add = [hearth.BINARY, "admin", "ssh-key", "add", "--data", installation.data, "alice", folder / "key.pub"]
        subprocess.run(add, env=installation.environment, check=True, capture_output=True)
        with installation.serving() as url:
            yield Door(url, port, folder)


@pytest.fixture
def api(door):
    from huggingface_hub import HfApi

    return HfApi(endpoint=door.url, token=ALICE)


@pytest.fixture
def repo(api) -> str:
    return api.create_repo(f"alice/ssh-{os.urandom(5).hex()}", private=True).repo_id


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_clone_push_and_fetch_over_ssh(git, door, api, repo, version):
    options = ["-c", f"protocol.version={version}"]
    clone = git.clone(door.address(repo), "clone", *options, **door.environment)
    head = clone.commit("over ssh", a="1", **{"d/b": "2"})
    clone.run("push", "--quiet", "origin", "main", "HEAD:side", **door.environment)
    assert api.model_info(repo).sha == head
    again = git.clone(door.address(repo), "again", *options, **door.environment).sound()
    assert again.out("rev-parse", "HEAD") == head
    newer = clone.commit("more", a="3")
    clone.run("push", "--quiet", "origin", "main", **door.environment)
    again.run("fetch", "--quiet", **door.environment)
    assert again.out("rev-parse", "origin/main") == newer
    shallow = git.clone(door.address(repo), "shallow", "--depth=1", *options, **door.environment).sound()
    assert shallow.out("rev-list", "--count", "HEAD") == "1"
    said = clone.fails("push", "origin", "HEAD:refs/pr/1", **door.environment)
    assert "pull requests" in said


def test_nothing_but_git_is_behind_the_door(git, door, repo, tmp_path_factory):
    assert "there is no shell" in door.run().stderr
    assert "there is no shell" in door.run("cat", "/etc/passwd").stderr
    assert "do not travel over SSH" in door.run("git-lfs-transfer", repo, "upload").stderr
    said = git.fails("clone", door.address("alice/absent"), **door.environment)
    assert "Repository not found" in said
    stranger = door.key.with_name("stranger")
    assert "Permission denied (publickey)" in door.run("git-upload-pack", repo, key=stranger).stderr


@needs_lfs
def test_large_files_travel_by_lfs(git, door, api, repo):
    content = os.urandom(300_000)
    git.run("lfs", "install", "--skip-repo")
    http = door.url.replace("://", f"://alice:{ALICE}@") + f"/{repo}.git"
    for number, address in enumerate([http, door.address(repo)]):
        clone = git.clone(address, f"clone-{number}", **door.environment)
        clone.run("lfs", "track", "*.bin")
        clone.commit("large", weights__bin=content + bytes([number]))
        clone.run("push", "--quiet", "origin", "main", **door.environment)
        entry = api.get_paths_info(repo, "weights.bin")[0]
        assert entry.lfs is not None and entry.size == 300_001
        again = git.clone(address, f"again-{number}", **door.environment)
        assert (again.folder / "weights.bin").read_bytes() == content + bytes([number])
        again.run("lfs", "fsck")
        again.sound()
    # A pointer whose content stayed at home is refused, whatever the door.
    clone = git.at("clone-1")
    clone.commit("larger", weights__bin=content * 2)
    said = clone.fails("push", "--no-verify", "origin", "main", **door.environment)
    assert "was not uploaded" in said
