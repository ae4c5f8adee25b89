"""Trusted publishers: the client exchanges the word of the house where it runs for a token, and publishes with it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import HfApi
from huggingface_hub._oidc import oidc_login
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from hearth import PUBLISHER_ISSUER


class Issuer:
    """A house where programs run: it tells its keys and signs what it knows of a program."""

    def __init__(self):
        self.key = ECKey.generate_key("P-256", {"kid": "first"})
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answers = {
                    "/.well-known/openid-configuration": {
                        "issuer": PUBLISHER_ISSUER,
                        "jwks_uri": f"{PUBLISHER_ISSUER}/keys",
                    },
                    "/keys": KeySet([issuer.key]).as_dict(private=False),
                }
                body = json.dumps(answers[self.path]).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        port = int(PUBLISHER_ISSUER.rsplit(":", 1)[1])
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def word(self, audience: str, key: ECKey | None = None, **claims) -> str:
        now = int(time.time())
        claims = {"iss": PUBLISHER_ISSUER, "aud": audience, "iat": now, "exp": now + 300, "sub": "run:1"} | claims
        return jwt.encode({"alg": "ES256", "kid": "first"}, claims, key or self.key)


@pytest.fixture(scope="module")
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


def trust(api: HfApi, url: str, **body):
    headers = api._build_hf_headers()
    return get_session().post(f"{url}/api/settings/trusted-publishers", headers=headers, json=body)


def test_a_workflow_publishes_without_a_secret(alice, url, issuer):
    repo = alice.create_repo("alice/released-by-workflow").repo_id
    other = alice.create_repo("alice/not-by-workflow").repo_id
    claims = {"repository": "alice/code", "ref": "refs/heads/main"}
    made = trust(alice, url, resource=repo, issuer=PUBLISHER_ISSUER, claims=claims)
    assert made.status_code == 200, made.text

    answer = oidc_login(resource=repo, subject_token=issuer.word(url, **claims), endpoint=url)
    assert answer["token_type"] == "bearer" and answer["expires_in"] == 3600
    workflow = HfApi(endpoint=url, token=answer["access_token"])
    workflow.upload_file(path_or_fileobj=b"released", path_in_repo="model.bin", repo_id=repo)
    assert alice.file_exists(repo, "model.bin")
    for forbidden in (
        lambda: workflow.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=other),
        lambda: workflow.create_repo("alice/made-by-workflow"),
        lambda: workflow.delete_repo(repo),
    ):
        with pytest.raises(HfHubHTTPError):
            forbidden()

    listed = alice_publishers(alice, url)
    assert [(one["resource"], one["claims"]) for one in listed] == [(repo, claims)]
    assert listed[0]["usedAt"]
    remove(alice, url, listed[0]["id"])
    with pytest.raises(HfHubHTTPError):
        oidc_login(resource=repo, subject_token=issuer.word(url, **claims), endpoint=url)


def alice_publishers(alice, url):
    return get_session().get(f"{url}/api/settings/trusted-publishers", headers=alice._build_hf_headers()).json()


def remove(alice, url, publisher):
    path = f"{url}/api/settings/trusted-publishers/{publisher}"
    assert get_session().delete(path, headers=alice._build_hf_headers()).status_code == 204


def test_words_that_do_not_count(alice, url, issuer):
    repo = alice.create_repo("alice/guarded-release").repo_id
    claims = {"repository": "alice/code", "environment": "release"}
    assert trust(alice, url, resource=repo, issuer=PUBLISHER_ISSUER, claims=claims).status_code == 200
    stranger = ECKey.generate_key("P-256", {"kid": "first"})
    words = [
        issuer.word(url, **claims | {"repository": "mallory/code"}),
        issuer.word(url, repository="alice/code"),
        issuer.word("https://another.example.org", **claims),
        issuer.word(url, exp=int(time.time()) - 3600, **claims),
        issuer.word(url, key=stranger, **claims),
        issuer.word(url, iss="https://evil.example.org", **claims),
        "not.a.token",
    ]
    for word in words:
        with pytest.raises(HfHubHTTPError) as refused:
            oidc_login(resource=repo, subject_token=word, endpoint=url)
        assert refused.value.response.json()["error"] == "invalid_grant"
    with pytest.raises(HfHubHTTPError):
        oidc_login(resource="alice/another", subject_token=issuer.word(url, **claims), endpoint=url)


def test_who_may_be_trusted(alice, bob, url):
    repo = alice.create_repo("alice/whose-release", private=True).repo_id
    good = {"resource": repo, "issuer": PUBLISHER_ISSUER, "claims": {"repository": "alice/code"}}
    assert trust(bob, url, **good).status_code == 404
    for wrong in (
        {"issuer": "https://unknown.example.org"},
        {"claims": {}},
        {"claims": {"ref": "refs/heads/main"}},
        {"resource": "no repository"},
    ):
        assert trust(alice, url, **good | wrong).status_code == 422, wrong
