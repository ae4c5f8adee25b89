"""Transfers that are interrupted: links that expire on the way, and a server that dies amid an upload and comes back.

These tests start a server of their own, on a folder, because they set it up otherwise and stop it.
"""

import http.client
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hearth
import httpx2
import pytest
from conftest import HF, TIMEOUT_SECS, Figures, Machine
from content import MEGABYTE, noise
from huggingface_hub import HfApi

from people import ALICE

# Long enough for a busy machine to use a fresh link in time.
LINK_TTL_SECS = 8


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a server, and notes which were refused as expired. The first use of a link waits until the link
    has expired, as one does that was given to a client whose computer went to sleep."""

    daemon_threads = True

    def __init__(self, server: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.server, self.late, self.expired = server.removeprefix("http://"), 0, 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        is_fetch = "/fetch?ticket=" in self.path
        if is_fetch and self.server.late < 1:
            self.server.late += 1
            time.sleep(LINK_TTL_SECS + 2)
        upstream = http.client.HTTPConnection(self.server.server)
        upstream.request(self.command, self.path, body=body, headers=dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        self.server.expired += is_fetch and answer.status == 403
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                self.send_header(name, value)
        length = answer.getheader("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_HEAD = do_POST = do_PUT = pass_on

    def log_message(self, *_):
        pass


@pytest.fixture
def own(tmp_path):
    """Fresh storage of a server that this test starts and stops."""
    with hearth.installation("sqlite") as installation:
        yield installation


def test_links_that_expire_amid_a_download_are_asked_for_anew(own, tmp_path):
    own.environment |= {"HEARTH_XET__STORE__LINK_TTL_SECS": str(LINK_TTL_SECS)}
    content = noise(6 * MEGABYTE, 30)
    with own.serving() as url:
        HfApi(endpoint=url, token=ALICE).create_repo("alice/expiring")
        Machine(tmp_path / "up", url).upload("alice/expiring", {"file.bin": content})
        with Proxy(url) as proxy, ThreadPoolExecutor(1) as pool:
            pool.submit(proxy.serve_forever)
            try:
                found = Machine(tmp_path / "down", proxy.url).download("alice/expiring", "file.bin")
            finally:
                proxy.shutdown()
    assert proxy.expired >= 1
    assert found["file.bin"] == content


def test_an_upload_goes_on_when_the_server_comes_back(own, tmp_path):
    """Killed as by a power cut while xorbs arrive. The client tries again by itself; what had arrived is not sent twice."""
    content = noise(200 * MEGABYTE, 31)
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "file.bin").write_bytes(content)
    port = hearth.free_port()
    url = f"http://127.0.0.1:{port}"

    def start():
        with open(own.log, "ab") as log:
            command = [hearth.BINARY, "serve", "--data", own.data, "--listen", f"127.0.0.1:{port}"]
            server = subprocess.Popen(command, env=own.environment, stdout=log, stderr=log)
        hearth.wait_until_ready(url, server, own.log)
        return server

    server = start()
    try:
        HfApi(endpoint=url, token=ALICE).create_repo("alice/breaking")
        machine = Machine(tmp_path / "home", url)
        command = [HF, "upload", "alice/breaking", folder, "."]
        upload = subprocess.Popen(command, env=machine.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with httpx2.Client(base_url=url, timeout=60) as client:
            figures = Figures(client)
            while upload.poll() is None and figures.xorbs < 1:
                time.sleep(0.02)
        assert upload.poll() is None, "the upload is under way"
        server.kill()
        server.wait()
        server = start()
        said, _ = upload.communicate(timeout=TIMEOUT_SECS)
        assert upload.returncode == 0, said.decode()
        with httpx2.Client(base_url=url, timeout=60) as client:
            sent_again = Figures(client).since_start("received_bytes")
        assert sent_again < len(content) - 50 * MEGABYTE
        assert Machine(tmp_path / "other", url).download("alice/breaking", "file.bin")["file.bin"] == content
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert not hearth.logged_errors(own.log)


def test_a_store_set_up_anew_is_not_taken_for_the_old_one(tmp_path):
    """A client remembers by address what a store holds; another store may stand there one day."""
    port = hearth.free_port()
    machine = Machine(tmp_path / "home", f"http://127.0.0.1:{port}")
    for _ in range(2):
        with hearth.installation("sqlite") as installation, installation.serving(port) as url:
            repo = HfApi(endpoint=url, token=ALICE).create_repo("alice/anew").repo_id
            machine.upload(repo, {"weights.bin": noise(2 * MEGABYTE, 1)})
            assert machine.download(repo)["weights.bin"] == noise(2 * MEGABYTE, 1)
