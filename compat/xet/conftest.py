"""Fixtures for clients with Xet on, which is how people have them: one Hearth, machines with nothing on them.

A machine is a home folder. What hf-xet keeps of earlier uploads lies there, so a second machine shows what the server
knows and not what the client remembers. Clients run as `hf`, with no environment but the address and a token.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
for _name in [name for name in os.environ if name.startswith(("HF_", "HUGGING_FACE_"))]:
    os.environ.pop(_name)
# What runs in this process keeps nothing of other runs, whose server may have had the same address.
os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HOME": tempfile.mkdtemp()}

import hearth  # noqa: E402

_running = None
if "HEARTH_URL" not in os.environ:
    _running = hearth.running(os.environ.setdefault("HEARTH_STORAGE", "sqlite"))
    os.environ["HEARTH_URL"] = _running.__enter__()

import httpx2  # noqa: E402
import pytest  # noqa: E402
from huggingface_hub import HfApi  # noqa: E402

from people import ALICE  # noqa: E402

HF = Path(sys.executable).with_name("hf")
TIMEOUT_SECS = 300


def pytest_unconfigure():
    if _running is not None:
        _running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["HEARTH_URL"]


@pytest.fixture(scope="session")
def alice(url) -> HfApi:
    """To make repositories and to look at them; files go by machines."""
    return HfApi(endpoint=url, token=ALICE)


@pytest.fixture(scope="session")
def http(url):
    with httpx2.Client(base_url=url, follow_redirects=True, timeout=60) as client:
        yield client


@pytest.fixture
def new_repo(alice, request):
    """Creates a repository of Alice's; answers its id."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")

    def create(**options):
        return alice.create_repo(f"alice/{stem}-{os.urandom(4).hex()}", **options).repo_id

    return create


@pytest.fixture
def repo(new_repo) -> str:
    return new_repo()


class Machine:
    """A computer on which nothing was done yet."""

    def __init__(self, home: Path, url: str):
        self.home = home
        self.url = url
        home.mkdir(parents=True)

    def environment(self, token=ALICE) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        return kept | {"HOME": str(self.home), "HF_ENDPOINT": self.url} | ({"HF_TOKEN": token} if token else {})

    def hf(self, *arguments, token=ALICE, fails=False) -> str:
        """Runs `hf`; answers what it printed."""
        done = subprocess.run(
            [HF, *map(str, arguments)],
            env=self.environment(token),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECS,
            stdin=subprocess.DEVNULL,
        )
        assert (done.returncode != 0) == fails, f"{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def upload(self, repo: str, files: dict[str, bytes], **options) -> str:
        """Uploads a folder with these files."""
        folder = self.home / f"up-{os.urandom(4).hex()}"
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return self.hf("upload", repo, folder, ".", **options)

    def download(self, repo: str, *paths: str, **options) -> dict[str, bytes]:
        """Downloads a repository, or these files of it; answers what came."""
        folder = self.home / f"down-{os.urandom(4).hex()}"
        self.hf("download", repo, *paths, "--local-dir", folder, **options)
        found = [path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts]
        return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def new_machine(tmp_path, url):
    """Another machine each time."""
    return lambda: Machine(tmp_path / f"machine-{os.urandom(4).hex()}", url)


@pytest.fixture
def machine(new_machine) -> Machine:
    return new_machine()


class Figures:
    """What the server counted since this was made."""

    def __init__(self, http):
        self._http = http
        self._before = self._read()

    def _read(self) -> dict[str, float]:
        text = self._http.get("/metrics").raise_for_status().text
        found = re.findall(r"^(hearth_xet_\w+) ([0-9.e+]+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def __getattr__(self, name: str) -> int:
        """`figures.xorbs` is what `hearth_xet_xorbs_total` grew by."""
        name = f"hearth_xet_{name}_total"
        return int(self._read()[name] - self._before[name])

    def since_start(self, name: str) -> int:
        """The same, since the server started."""
        return int(self._read()[f"hearth_xet_{name}_total"])


@pytest.fixture
def figures(http):
    """Begins to count."""
    return lambda: Figures(http)
