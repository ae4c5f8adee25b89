"""Starts a real `hearth serve` on fresh storage, with the accounts that the tests use.

As a module it is what the fixtures call; as a program it lends the running server to any command:

    python hearth.py --storage sqlite -- node --test

The command finds the address in HEARTH_URL (and HF_ENDPOINT). Storage is `sqlite` (SQLite and a
folder) or `postgres` (the PostgreSQL in TEST_DATABASE_URL and the S3 store in TEST_S3_*).
"""

import argparse
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS = Path(__file__).with_name("accounts.json")
BINARY = Path(os.environ.get("HEARTH_BINARY", ROOT / "target" / "debug" / "hearth"))
READY_WITHIN_SECS = 30
# Several times what the longest suite takes on two slow cores.
SUITE_WITHIN_SECS = 900
# Where the tests put a house that vouches for programs.
PUBLISHER_ISSUER = "http://127.0.0.1:17861"
# Parts of large uploads as small as S3 takes them, so that the tests need not move gigabytes.
SMALL_PARTS = {
    "HEARTH_LIMITS__PARTS_FROM_BYTES": str(8 * 1024 * 1024),
    "HEARTH_LIMITS__PART_BYTES": str(5 * 1024 * 1024),
    "HEARTH_ACCOUNTS__PUBLISHER_ISSUERS": f'["{PUBLISHER_ISSUER}"]',
    "HEARTH_WEBHOOKS__ALLOW_PRIVATE": "true",
    "HEARTH_WEBHOOKS__DISPATCH_SECS": "1",
}


class LoggedErrors(Exception):
    """The server logged faults of its own, even if every client was content."""


@contextmanager
def running(storage: str):
    """Serve from fresh storage on a free port, yield the address, and stop."""
    with installation(storage) as hearth, hearth.serving() as url:
        yield url


@contextmanager
def installation(storage: str):
    """Fresh storage with the accounts, which one server after another can serve."""
    with tempfile.TemporaryDirectory(prefix="hearth-compat-") as folder:
        yield Installation(Path(folder), os.environ | SMALL_PARTS | storage_settings(storage))


class Installation:
    """The storage of a server, and the settings that lead there."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.data = folder / "data"
        self.log = folder / "hearth.log"
        self.environment = environment
        self.pid: int | None = None
        admin = [BINARY, "admin", "--log", "warn", "import", "--data", self.data, ACCOUNTS]
        subprocess.run(admin, env=environment, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def serving(self, port: int | None = None):
        """Serve on this or a free port, yield the address, and stop.

        Raises LoggedErrors at the end if the server logged an error.
        """
        port = port or free_port()
        url = f"http://127.0.0.1:{port}"
        with open(self.log, "wb") as log:
            server = subprocess.Popen(
                [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{port}"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.pid = server.pid
        try:
            wait_until_ready(url, server, self.log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)
            if kept := os.environ.get("HEARTH_LOG"):
                Path(kept).write_bytes(self.log.read_bytes())
        if errors := logged_errors(self.log):
            raise LoggedErrors("\n".join(["the server logged errors:", *errors[:20]]))


def storage_settings(storage: str) -> dict[str, str]:
    """The environment that points Hearth at the wanted storage."""
    if storage == "sqlite":
        return {}
    if storage != "postgres":
        raise ValueError(f"storage is sqlite or postgres, not {storage!r}")
    server, _, _ = os.environ["TEST_DATABASE_URL"].rpartition("/")
    database = f"hearth_compat_{secrets.token_hex(4)}"
    subprocess.run(
        ["psql", "--quiet", "--command", f"create database {database}", os.environ["TEST_DATABASE_URL"]],
        check=True,
    )
    return {
        "HEARTH_STORAGE__METADATA__URL": f"{server}/{database}",
        "HEARTH_STORAGE__BLOBS__KIND": "s3",
        "HEARTH_STORAGE__BLOBS__S3__PREFIX": f"{database}/",
        "HEARTH_STORAGE__BLOBS__S3__ENDPOINT": os.environ["TEST_S3_ENDPOINT"],
        "HEARTH_STORAGE__BLOBS__S3__REGION": os.environ["TEST_S3_REGION"],
        "HEARTH_STORAGE__BLOBS__S3__BUCKET": os.environ["TEST_S3_BUCKET"],
        "HEARTH_STORAGE__BLOBS__S3__ACCESS_KEY": os.environ["TEST_S3_ACCESS_KEY"],
        "HEARTH_STORAGE__BLOBS__S3__SECRET_KEY": os.environ["TEST_S3_SECRET_KEY"],
        # Xorbs come to the store by links; on a folder they come to Hearth, so both ways are tried.
        "HEARTH_XET__STORE__UPLOAD_GRANTS": "true",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url: str, server: subprocess.Popen, log_path: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError(f"hearth did not become ready:\n{log_path.read_text(errors='replace')}")


def logged_errors(log_path: Path) -> list[str]:
    """The lines of the log that tell of faults."""
    lines = log_path.read_text(errors="replace").splitlines()
    return [line for line in lines if re.match(r"\S+\s+ERROR\b", line)]


def run_bounded(command: list[str], environment: dict[str, str], seconds: int) -> int:
    """Run the command, and end it with all that it started if it takes longer than it may."""
    suite = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return suite.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        print(f"stopped: not done after {seconds} s", file=sys.stderr)
        return 124
    finally:
        if suite.poll() is None:
            os.killpg(suite.pid, signal.SIGKILL)
            suite.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storage", default="sqlite", choices=["sqlite", "postgres"])
    parser.add_argument("--within", type=int, default=SUITE_WITHIN_SECS, help="seconds that the command may take")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    try:
        with running(arguments.storage) as url:
            environment = {"HEARTH_URL": url, "HF_ENDPOINT": url, "HEARTH_STORAGE": arguments.storage}
            return run_bounded(arguments.command, os.environ | environment, arguments.within)
    except LoggedErrors as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
