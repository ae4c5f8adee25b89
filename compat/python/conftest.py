"""Fixtures: one running Hearth per session, a client per person, a fresh repository per test.

The environment is set before the first import of huggingface_hub, which reads it only once.
"""

import os
import tempfile

_home = tempfile.TemporaryDirectory(prefix="hearth-compat-home-")
os.environ |= {
    "HOME": _home.name,
    "HF_HOME": f"{_home.name}/huggingface",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
}
for _name in ("HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET"):
    os.environ.pop(_name, None)

import hearth  # noqa: E402

_running = None
if "HEARTH_URL" not in os.environ:
    _running = hearth.running(os.environ.get("HEARTH_STORAGE", "sqlite"))
    os.environ["HEARTH_URL"] = _running.__enter__()
os.environ["HF_ENDPOINT"] = os.environ["HEARTH_URL"]

import httpx2  # noqa: E402
import pytest  # noqa: E402
from huggingface_hub import HfApi  # noqa: E402

from people import ALICE, ALICE_READ, BOB, CAROL  # noqa: E402


def pytest_unconfigure():
    try:
        if _running is not None:
            _running.__exit__(None, None, None)
    finally:
        _home.cleanup()


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["HEARTH_URL"]


@pytest.fixture(scope="session")
def alice(url) -> HfApi:
    return HfApi(endpoint=url, token=ALICE)


@pytest.fixture(scope="session")
def alice_read(url) -> HfApi:
    """Alice with a token that may only read."""
    return HfApi(endpoint=url, token=ALICE_READ)


@pytest.fixture(scope="session")
def bob(url) -> HfApi:
    """A stranger to Alice's repositories, and a reader of the organisation `acme`."""
    return HfApi(endpoint=url, token=BOB)


@pytest.fixture(scope="session")
def carol(url) -> HfApi:
    """A contributor of the organisation `acme`."""
    return HfApi(endpoint=url, token=CAROL)


@pytest.fixture(scope="session")
def anonymous(url) -> HfApi:
    return HfApi(endpoint=url, token=False)


@pytest.fixture(scope="session")
def http(url):
    """Plain HTTP, for what the clients read but do not hand on."""
    with httpx2.Client(base_url=url, follow_redirects=False, timeout=60) as client:
        yield client


@pytest.fixture
def new_name(request) -> "callable":
    """Names no other test uses."""
    import itertools
    import re

    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    numbers = itertools.count()
    salt = os.urandom(3).hex()
    return lambda: f"{stem}-{salt}{next(numbers)}".strip("-")


@pytest.fixture
def new_repo(alice, new_name):
    """Creates a repository of Alice's; answers its id."""

    def create(repo_type="model", **options):
        if repo_type == "space":
            options.setdefault("space_sdk", "static")
        return alice.create_repo(f"alice/{new_name()}", repo_type=repo_type, **options).repo_id

    return create


@pytest.fixture
def repo(new_repo) -> str:
    """A public model repository with its first commit only."""
    return new_repo()


@pytest.fixture
def by_lfs(monkeypatch):
    """Large files travel by LFS, as with a client that has no Xet."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"
