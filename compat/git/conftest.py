"""Fixtures for git itself: a running Hearth, every git of this machine, a repository of Alice's, clones of it."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

_home = tempfile.TemporaryDirectory(prefix="hearth-git-home-")
for _name in [name for name in os.environ if name.startswith("GIT_")]:
    os.environ.pop(_name)
os.environ |= {
    "HOME": _home.name,
    "HF_HOME": f"{_home.name}/huggingface",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}
os.environ.pop("HF_TOKEN", None)

import hearth  # noqa: E402

_running = None
if "HEARTH_URL" not in os.environ:
    _running = hearth.running(os.environ.get("HEARTH_STORAGE", "sqlite"))
    os.environ["HEARTH_URL"] = _running.__enter__()
os.environ["HF_ENDPOINT"] = os.environ["HEARTH_URL"]

import pytest  # noqa: E402
from huggingface_hub import HfApi  # noqa: E402

from people import ALICE, BOB  # noqa: E402
from program import Git  # noqa: E402


def pytest_unconfigure():
    try:
        if _running is not None:
            _running.__exit__(None, None, None)
    finally:
        _home.cleanup()


def programs() -> list[str]:
    """Every git here: the one on PATH, and that of the distribution if it is another."""
    found = {}
    for path in [shutil.which("git"), "/usr/bin/git"]:
        if path and os.path.exists(path):
            found.setdefault(Git(path, Path("/")).out("version"), path)
    return list(found.values())


@pytest.fixture(params=programs(), ids=lambda path: Git(path, Path("/")).out("version").split()[-1])
def git(request, tmp_path) -> Git:
    """Each git in turn, in an empty folder."""
    return Git(request.param, tmp_path)


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["HEARTH_URL"]


@pytest.fixture(scope="session")
def alice(url) -> HfApi:
    return HfApi(endpoint=url, token=ALICE)


@pytest.fixture(scope="session")
def bob(url) -> HfApi:
    return HfApi(endpoint=url, token=BOB)


@pytest.fixture(scope="session")
def address(url):
    """Where a repository is for git, with Alice's token unless another is given."""

    def of(repo: str, token: str | None = ALICE) -> str:
        user = f"alice:{token}@" if token else ""
        return f"{url.replace('://', '://' + user)}/{repo}.git"

    return of


@pytest.fixture
def new_repo(alice, request):
    """Creates a repository of Alice's; answers its id, with the prefix of its kind."""

    def create(repo_type: str = "model", **options) -> str:
        name = f"git-{os.urandom(5).hex()}"
        if repo_type == "space":
            options.setdefault("space_sdk", "static")
        created = alice.create_repo(f"alice/{name}", repo_type=repo_type, **options).repo_id
        return created if repo_type == "model" else f"{repo_type}s/{created}"

    return create


@pytest.fixture
def repo(new_repo) -> str:
    return new_repo()
