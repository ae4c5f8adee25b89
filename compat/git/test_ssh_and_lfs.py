"""Git over SSH, and Git LFS over both doors: a server of its own, since SSH is off unless it is asked for."""

import json
import os
import re
import shutil
import stat
import subprocess

import httpx2
import pytest

import hearth
from content import MEGABYTE, noise
from people import ALICE, BOB, bearer
from program import Git

needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed here")


class Door:
    """A server with SSH, somebody's key, and addresses on it."""

    def __init__(self, url: str, port: int, folder, key: str = "key"):
        self.url, self.port, self.folder, self.key = url, port, folder, folder / key
        self.known = folder / "known_hosts"
        options = ["-F", "/dev/null", "-i", self.key, "-o", "IdentitiesOnly=yes"]
        options += ["-o", f"UserKnownHostsFile={self.known}", "-o", "StrictHostKeyChecking=accept-new"]
        self.ssh = ["ssh", *map(str, options)]
        self.environment = {"GIT_SSH_COMMAND": " ".join(self.ssh), "GIT_LFS_SKIP_SMUDGE": "0"}

    def of(self, key: str) -> "Door":
        """The same door for somebody with another key."""
        return Door(self.url, self.port, self.folder, key)

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
        for name in ["key", "bob", "stranger"]:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)

        def admin(command: str, *arguments):
            program = [hearth.BINARY, "admin", *command.split(), "--data", installation.data, *arguments]
            subprocess.run(program, env=installation.environment, check=True, capture_output=True)

        admin("ssh-key add", "alice", folder / "key.pub")
        admin("ssh-key add", "bob", folder / "bob.pub")
        members = [{"user": "alice", "role": "admin"}, {"user": "bob", "role": "write"}]
        studio = {"name": "studio", "full_name": "Where both write", "members": members}
        (folder / "studio.json").write_text(json.dumps({"users": [], "organizations": [studio]}))
        admin("import", folder / "studio.json")
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


def test_much_travels_over_ssh_and_a_renamed_repository_is_followed(git, door, api, repo):
    clone = git.clone(door.address(repo), **door.environment)
    clone.commit("much", **{f"noise-{number}": noise(6 * MEGABYTE, number) for number in range(2)})
    clone.run("push", "--quiet", "origin", "main", **door.environment)
    api.move_repo(repo, f"{repo}-moved")
    again = git.clone(door.address(repo), "again", **door.environment).sound()
    assert (again.folder / "noise-1").read_bytes() == noise(6 * MEGABYTE, 1)
    newer = again.commit("more", a="1")
    again.run("push", "--quiet", "origin", "main", **door.environment)
    assert api.model_info(f"{repo}-moved").sha == newer


def test_a_connection_runs_a_bounded_number_of_commands(door, repo, tmp_path):
    """OpenSSH runs many commands over one connection; what is too much is refused, and the rest goes on."""
    place = ["-o", f"ControlPath={tmp_path}/line", "-p", str(door.port), "git@127.0.0.1"]
    master = subprocess.Popen([*door.ssh, "-M", "-N", *place], stdin=subprocess.DEVNULL)
    try:
        while subprocess.run([*door.ssh, "-O", "check", *place], capture_output=True).returncode != 0:
            assert master.poll() is None
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = []
        for _ in range(16):
            one = subprocess.Popen([*door.ssh, *place, f"git-upload-pack '{repo}'"], **pipes)
            # It waits for what is wanted now.
            assert one.stdout.read(4) != b""
            running.append(one)
        extra = subprocess.run([*door.ssh, *place, f"git-upload-pack '{repo}'"], input=b"0000", capture_output=True)
        assert b"refused" in extra.stderr or b"open failed" in extra.stderr, extra.stderr
        for one in running:
            one.communicate(b"0000", timeout=60)
            assert one.returncode == 0
        after = subprocess.run([*door.ssh, *place, f"git-upload-pack '{repo}'"], input=b"0000", capture_output=True)
        assert after.returncode == 0 and b"refs/heads/main" in after.stdout
    finally:
        master.terminate()
        master.wait(timeout=60)


def test_the_host_key_is_kept_and_keys_are_managed(tmp_path):
    """One installation, started twice: it is the same host. Keys come and go by the command line and the pages."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    with hearth.installation(os.environ.get("HEARTH_STORAGE", "sqlite")) as installation:
        port = hearth.free_port()
        installation.environment |= {"HEARTH_SSH__LISTEN": f"127.0.0.1:{port}"}

        def keys(*arguments) -> subprocess.CompletedProcess:
            command = [hearth.BINARY, "admin", "ssh-key", arguments[0], "--data", installation.data, *arguments[1:]]
            return subprocess.run(command, env=installation.environment, capture_output=True, text=True)

        assert keys("add", "alice", tmp_path / "key.pub").returncode == 0
        taken = keys("add", "bob", tmp_path / "key.pub")
        assert taken.returncode != 0 and "belongs to an account" in taken.stderr
        known = []
        for _ in range(2):
            with installation.serving() as url:
                door = Door(url, port, tmp_path)
                assert "Hi alice!" in door.run().stderr
                known.append(door.known.read_text())
        assert known[0] == known[1]
        listed = keys("list", "alice").stdout
        assert "ssh-ed25519" in listed and "SHA256:" in listed
        number = re.search(r"[0-9a-f]{24}", listed)[0]
        assert keys("delete", "alice", number).returncode == 0
        with installation.serving() as url:
            assert "Permission denied (publickey)" in Door(url, port, tmp_path).run().stderr


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


def pass_of(door: Door, repo: str, direction: str) -> dict[str, str]:
    """The header that `git-lfs-authenticate` gives to git-lfs."""
    return json.loads(door.run("git-lfs-authenticate", f"{repo}.git", direction).stdout)["header"]


def test_a_pass_is_good_for_large_files_alone(door, repo):
    base = f"{door.url}/{repo}.git"
    for direction, other in [("upload", "download"), ("download", "upload")]:
        header = pass_of(door, repo, direction)
        ask = {"operation": direction, "objects": []}
        assert httpx2.post(f"{base}/info/lfs/objects/batch", json=ask, headers=header).status_code == 200
        refused = httpx2.post(f"{base}/info/lfs/objects/batch", json=ask | {"operation": other}, headers=header)
        assert refused.status_code == 403, refused.text
        for path in [f"{base}/info/refs?service=git-upload-pack", f"{door.url}/api/whoami-v2"]:
            assert httpx2.get(path, headers=header).status_code == 401
        body = '{"key":"header","value":{"summary":"x"}}'
        commit = f"{door.url}/api/models/{repo}/commit/main"
        assert httpx2.post(commit, content=body, headers=header).status_code == 401
    assert "Repository not found" in door.run("git-lfs-authenticate", "alice/absent", "download").stderr
    assert "Repository not found" in door.of("bob").run("git-lfs-authenticate", f"{repo}.git", "download").stderr


@needs_lfs
@pytest.mark.parametrize("over", ["http", "ssh"])
def test_files_are_locked_and_released(git, door, api, over):
    name = f"studio/locks-{os.urandom(5).hex()}"
    repo = api.create_repo(name, private=True).repo_id
    people = {}
    for who, token, key in [("alice", ALICE, "key"), ("bob", BOB, "bob")]:
        its = door.of(key)
        http = door.url.replace("://", f"://{who}:{token}@") + f"/{repo}.git"
        clone = git.clone(its.address(repo) if over == "ssh" else http, who, **its.environment)
        clone.run("lfs", "install", "--local")
        clone.run("config", "lfs.locksverify", "true")
        people[who] = clone, its.environment
    (alice, as_alice), (bob, as_bob) = people["alice"], people["bob"]
    alice.run("lfs", "track", "--lockable", "*.bin")
    alice.commit("large", weights__bin=os.urandom(3000), b__bin=os.urandom(2000))
    alice.run("push", "--quiet", "origin", "main", **as_alice)
    bob.run("pull", "--quiet", **as_bob)
    writable = stat.S_IWUSR
    assert not (bob.folder / "weights.bin").stat().st_mode & writable

    assert "Locked weights.bin" in alice.out("lfs", "lock", "weights.bin", **as_alice)
    assert (alice.folder / "weights.bin").stat().st_mode & writable
    assert "already locked" in alice.fails("lfs", "lock", "weights.bin", **as_alice)
    assert "already locked by alice" in bob.fails("lfs", "lock", "weights.bin", **as_bob)
    bob.run("lfs", "lock", "b.bin", **as_bob)
    listed = bob.out("lfs", "locks", **as_bob)
    assert [line.split()[:2] for line in listed.splitlines()] == [["b.bin", "bob"], ["weights.bin", "alice"]]
    verified = bob.out("lfs", "locks", "--verify", **as_bob).splitlines()
    assert [line[0] for line in verified] == ["O", " "]
    assert bob.out("lfs", "locks", "--path", "weights.bin", **as_bob).count("alice") == 1

    # What is locked by another stays where it is; what is one's own goes.
    (bob.folder / "weights.bin").chmod(0o644)
    bob.commit("in the way", weights__bin=os.urandom(3000))
    assert "Cannot update locked files" in bob.fails("push", "origin", "main", **as_bob)
    bob.run("reset", "--quiet", "--hard", "origin/main")
    bob.commit("mine", b__bin=os.urandom(2000))
    bob.run("push", "--quiet", "origin", "main", **as_bob)

    # Only an administrator forces somebody else's lock open.
    assert "administrator" in bob.fails("lfs", "unlock", "--force", "weights.bin", **as_bob)
    assert "--force" in alice.fails("lfs", "unlock", "b.bin", **as_alice)
    assert "Unlocked b.bin" in alice.out("lfs", "unlock", "--force", "b.bin", **as_alice)
    assert "Unlocked weights.bin" in alice.out("lfs", "unlock", "weights.bin", **as_alice)
    assert bob.out("lfs", "locks", **as_bob) == ""


def test_locks_are_per_branch_and_come_in_pages(door, api):
    repo = api.create_repo(f"studio/pages-{os.urandom(5).hex()}").repo_id
    locks = f"{door.url}/{repo}.git/info/lfs/locks"
    for number in range(7):
        body = {"path": f"{number}.bin", "ref": {"name": "refs/heads/main" if number % 2 else "refs/heads/side"}}
        assert httpx2.post(locks, json=body, headers=bearer([ALICE, BOB][number % 2])).status_code == 201

    def paged(answer_of) -> list[dict]:
        found, cursor = [], None
        while True:
            page = answer_of(cursor)
            assert len(page["locks"]) <= 3
            found += page["locks"]
            if not (cursor := page.get("next_cursor")):
                return found

    def listed(**query):
        ask = lambda cursor: httpx2.get(locks, params=query | {"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        return sorted(lock["path"] for lock in paged(ask))

    assert listed() == [f"{number}.bin" for number in range(7)]
    assert listed(refspec="refs/heads/main") == ["1.bin", "3.bin", "5.bin"]
    ours, theirs, cursor = [], [], None
    while True:
        body = {"limit": 2, "cursor": cursor} if cursor else {"limit": 2}
        page = httpx2.post(f"{locks}/verify", json=body, headers=bearer(BOB)).json()
        ours, theirs = ours + page["ours"], theirs + page["theirs"]
        if not (cursor := page.get("next_cursor")):
            break
    assert {lock["owner"]["name"] for lock in ours} == {"bob"} and len(ours) == 3
    assert {lock["owner"]["name"] for lock in theirs} == {"alice"} and len(theirs) == 4
