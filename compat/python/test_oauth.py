"""Hearth signs people in to apps: authlib as the app, as gradio uses it, and the token that comes of it in the client."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from joserfc import jwt
from joserfc.jwk import KeySet

PASSWORD = "correct horse battery staple"
BACK = "http://localhost:7860/login/callback"


class Browser(requests.Session):
    """A browser without scripts, in which alice has signed in."""

    def __init__(self, url: str):
        super().__init__()
        self.url = url
        self.send_form("/login", "/login", login="alice", password=PASSWORD)

    def send_form(self, page: str, target: str, **fields) -> requests.Response:
        """Open a page, and send its form without following the answer."""
        html = self.get(self.url + page).text
        token = re.search(r'name="form_token" value="([^"]+)"', html).group(1)
        return self.post(self.url + target, data=fields | {"form_token": token}, allow_redirects=False)

    def register(self, **fields) -> tuple[str, str | None]:
        """Register an app and read its id and secret from the page."""
        fields = {"owner": "alice", "name": "Gallery", "redirect_uris": BACK, "kind": "confidential"} | fields
        page = self.send_form("/settings/applications/new", "/settings/applications", **fields)
        assert page.status_code == 200, page.text
        client_id = re.search(r"<code>([0-9a-f-]{36})</code>", page.text).group(1)
        secret = re.search(r"<code>(oauth_app_secret_\w+)</code>", page.text)
        return client_id, secret and secret.group(1)

    def allow(self, address: str, **answer) -> str:
        """Answer an app, and give the address that the browser is sent to."""
        page = self.get(address, allow_redirects=False)
        if page.status_code == 303:
            return page.headers["location"]
        action = unescape(re.search(r'method="post" action="(/oauth/authorize[^"]+)"', page.text).group(1))
        token = re.findall(r'name="form_token" value="([^"]+)"', page.text)[-1]
        sent = self.post(self.url + action, data={"form_token": token, "allow": "true"} | answer, allow_redirects=False)
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]


@pytest.fixture(scope="module")
def browser(url) -> Browser:
    return Browser(url)


@pytest.fixture(scope="module")
def provider(url) -> dict:
    return requests.get(f"{url}/.well-known/openid-configuration").json()


def test_an_app_signs_people_in_and_verifies_who_they_are(url, browser, provider):
    assert provider["issuer"] == url
    scopes = ["openid", "profile", "email", "read-repos"]
    client_id, secret = browser.register(scope=scopes)
    app = OAuth2Session(
        client_id, secret, scope=" ".join(scopes), redirect_uri=BACK, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )
    verifier = "v" * 48
    address, state = app.create_authorization_url(
        provider["authorization_endpoint"], nonce="once", code_verifier=verifier
    )
    back = browser.allow(address)
    assert back.startswith(BACK) and f"state={state}" in back
    tokens = app.fetch_token(provider["token_endpoint"], authorization_response=back, code_verifier=verifier)
    assert set(tokens["scope"].split()) == set(scopes) and tokens["token_type"] == "bearer"

    keys = KeySet.import_key_set(requests.get(provider["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    essential = {"iss": {"essential": True, "value": url}, "aud": {"essential": True, "value": client_id}}
    jwt.JWTClaimsRegistry(nonce={"essential": True, "value": "once"}, **essential).validate(claims)
    told = requests.get(
        provider["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ).json()
    for key in ("sub", "preferred_username", "name", "email", "picture", "profile", "orgs"):
        assert told[key] == claims[key]
    assert told["preferred_username"] == "alice" and told["profile"] == f"{url}/alice"
    assert any(org["preferred_username"] == "acme" for org in told["orgs"])

    # The second time nobody asks; the access token reads and does not write.
    address, _ = app.create_authorization_url(provider["authorization_endpoint"], code_verifier=verifier)
    assert browser.get(address, allow_redirects=False).status_code == 303
    api = HfApi(endpoint=url, token=tokens["access_token"])
    assert api.whoami()["auth"]["type"] == "oauth"
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_repo("alice/by-an-app")
    assert refused.value.response.status_code == 403

    renewed = app.refresh_token(provider["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert renewed["access_token"] != tokens["access_token"]
    with pytest.raises(HfHubHTTPError):
        api.whoami()
    app.revoke_token(provider["revocation_endpoint"], token=renewed["refresh_token"])
    with pytest.raises(HfHubHTTPError):
        HfApi(endpoint=url, token=renewed["access_token"]).whoami()


def test_scopes_decide_what_the_token_does(url, browser, provider):
    client_id, secret = browser.register(scope=["openid", "manage-repos"])
    app = OAuth2Session(client_id, secret, scope="manage-repos", redirect_uri=BACK)
    address, _ = app.create_authorization_url(provider["authorization_endpoint"])
    tokens = app.fetch_token(provider["token_endpoint"], authorization_response=browser.allow(address))
    assert "id_token" not in tokens
    api = HfApi(endpoint=url, token=tokens["access_token"])
    api.create_repo("alice/made-by-an-app", private=True)
    assert api.model_info("alice/made-by-an-app").private
    # The organisation was not ticked.
    with pytest.raises(HfHubHTTPError):
        api.create_repo("acme/made-by-an-app")
    assert api.whoami()["email"] is None
    api.delete_repo("alice/made-by-an-app")


def test_an_app_registers_itself_and_contributes(url, alice, browser, provider):
    """What clients do that meet a house for the first time; the app then reaches what it created and nothing else."""
    about = requests.get(f"{url}/.well-known/oauth-authorization-server").json()
    asked = {
        "client_name": "Notebook", "redirect_uris": [BACK], "scope": "openid profile contribute-repos",
        "token_endpoint_auth_method": "client_secret_post", "id_token_signed_response_alg": "ES256",
    }
    registered = requests.post(about["registration_endpoint"], json=asked)
    assert registered.status_code == 201, registered.text
    client = registered.json()
    assert client["client_secret_expires_at"] == 0 and "authorization_code" in client["grant_types"]
    app = OAuth2Session(
        client["client_id"], client["client_secret"], scope=client["scope"], redirect_uri=client["redirect_uris"][0],
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_post",
    )
    verifier = "w" * 48
    address, _ = app.create_authorization_url(provider["authorization_endpoint"], code_verifier=verifier)
    page = browser.get(address, allow_redirects=False)
    assert "Nobody here vouches for this app" in page.text
    back = browser.allow(address)
    tokens = app.fetch_token(provider["token_endpoint"], authorization_response=back, code_verifier=verifier)
    keys = KeySet.import_key_set(requests.get(provider["jwks_uri"]).json())
    assert jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims["preferred_username"] == "alice"

    alice.create_repo("alice/of-alice", private=True)
    alice.create_repo("alice/shown-by-alice")
    api = HfApi(endpoint=url, token=tokens["access_token"])
    api.create_repo("alice/of-the-app", private=True)
    api.upload_file(path_or_fileobj=b"by the app", path_in_repo="a.txt", repo_id="alice/of-the-app")
    assert "a.txt" in api.list_repo_files("alice/of-the-app")
    assert alice.model_info("alice/of-the-app").private
    for missing in ("alice/of-alice", "acme/of-acme"):
        with pytest.raises(HfHubHTTPError):
            api.model_info(missing)
    with pytest.raises(HfHubHTTPError) as refused:
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="alice/shown-by-alice")
    assert refused.value.response.status_code == 403
    # The organisation was not ticked.
    with pytest.raises(HfHubHTTPError):
        api.create_repo("acme/of-the-app")
    api.delete_repo("alice/of-the-app")
    for name in ("alice/of-alice", "alice/shown-by-alice"):
        alice.delete_repo(name)


def test_an_app_is_told_what_is_wrong(url, browser, provider):
    client_id, secret = browser.register(scope=["openid"])
    asked = {"client_id": client_id, "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s"}

    def answer(answered="true", **change) -> str:
        return browser.allow(f"{url}/oauth/authorize?{urlencode(asked | change)}", allow=answered)

    assert answer(response_type="token") == f"{BACK}?error=unsupported_response_type" \
        "&error_description=response_type%20must%20be%20code&state=s"
    assert answer("false") == f"{BACK}?error=access_denied&state=s"
    assert "error=invalid_scope" in answer(scope="jobs")
    assert "error=consent_required" in answer(prompt="none")
    stranger = requests.get(f"{url}/oauth/authorize", params=asked | {"prompt": "none"}, allow_redirects=False)
    assert "error=login_required" in stranger.headers["location"]
    to_login = requests.get(f"{url}/oauth/authorize", params=asked, allow_redirects=False)
    assert to_login.headers["location"].startswith("/login?next=/oauth/authorize")
    for wrong in ({"client_id": "x"}, {"redirect_uri": "http://evil.example/"}):
        page = browser.get(f"{url}/oauth/authorize", params=asked | wrong, allow_redirects=False)
        assert page.status_code == 422 and "location" not in page.headers

    def token(**fields) -> tuple[int, str]:
        sent = requests.post(provider["token_endpoint"], data=fields)
        return sent.status_code, sent.json()["error"]

    grant = {"grant_type": "authorization_code", "code": "x", "redirect_uri": BACK, "client_id": client_id}
    assert token(**grant) == (400, "invalid_grant")
    code = re.search(r"code=(\w+)", answer()).group(1)
    assert token(**grant | {"code": code}) == (401, "invalid_client")
    assert token(**grant | {"code": code, "client_secret": "x"}) == (401, "invalid_client")
    assert token(**grant | {"code": code, "client_secret": secret, "code_verifier": "x"}) == (400, "invalid_grant")
    assert token(grant_type="password") == (400, "unsupported_grant_type")
    assert token(grant_type="refresh_token", refresh_token="x") == (400, "invalid_grant")
    assert requests.get(provider["userinfo_endpoint"]).status_code == 401
