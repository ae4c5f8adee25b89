"""Who am I, and what may I: whoami, token roles, organisations, auth-check."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from content import MEGABYTE, noise
from people import ALICE, ALICE_READ, OLD, bearer


def test_whoami_tells_the_person_the_token_and_the_organizations(alice):
    me = alice.whoami()
    assert me["type"] == "user"
    assert me["name"] == "alice"
    assert me["fullname"] == "Alice Archer"
    assert me["email"] == "alice@example.org"
    assert me["auth"]["type"] == "access_token"
    assert me["auth"]["accessToken"]["displayName"] == "alice write"
    assert me["auth"]["accessToken"]["role"] == "write"
    roles = {org["name"]: org["roleInOrg"] for org in me["orgs"]}
    assert roles == {"acme": "admin", "quiet": "write"}


def test_whoami_of_a_read_token(alice_read):
    assert alice_read.whoami()["auth"]["accessToken"]["role"] == "read"


def test_whoami_with_a_wrong_token_is_401(url, http):
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=url, token="hf_wrong").whoami()
    answer = http.get("/api/whoami-v2", headers=bearer("hf_wrong"))
    assert answer.status_code == 401
    assert answer.headers["X-Error-Message"] == "Invalid credentials in Authorization header"


def test_a_wrong_token_is_told_even_where_none_is_needed(url, repo):
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(endpoint=url, token="hf_wrong").model_info(repo)
    assert caught.value.response.status_code == 401
    assert not isinstance(caught.value, RepositoryNotFoundError)


def test_imported_names_and_tokens_of_any_shape_work(url):
    old = HfApi(endpoint=url, token=OLD)
    assert old.whoami()["name"] == "__OLD_user.name__"


def test_repo_names_without_namespace_are_ones_own(alice, new_name):
    name = new_name()
    assert alice.create_repo(name).repo_id == f"alice/{name}"
    assert alice.get_full_repo_name(name) == f"alice/{name}"


def test_a_read_token_cannot_write(alice_read, repo, new_name):
    with pytest.raises(HfHubHTTPError) as caught:
        alice_read.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x")
    assert caught.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError) as caught:
        alice_read.create_repo(f"alice/{new_name()}")
    assert caught.value.response.status_code == 403


def test_nobody_creates_in_a_foreign_namespace(bob, carol, new_name):
    for namespace, api in (("alice", bob), ("acme", bob)):
        with pytest.raises(HfHubHTTPError) as caught:
            api.create_repo(f"{namespace}/{new_name()}")
        assert caught.value.response.status_code == 403


def test_an_organization_shares_its_repos_by_role(alice, bob, carol, anonymous, new_name):
    repo = alice.create_repo(f"acme/{new_name()}", private=True).repo_id
    assert bob.model_info(repo).private
    with pytest.raises(HfHubHTTPError) as caught:
        bob.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x")
    assert caught.value.response.status_code == 403
    with pytest.raises(RepositoryNotFoundError):
        anonymous.model_info(repo)
    # A contributor creates, and writes what is theirs.
    own = carol.create_repo(f"acme/{new_name()}").repo_id
    carol.upload_file(repo_id=own, path_or_fileobj=b"x", path_in_repo="x")
    alice.upload_file(repo_id=own, path_or_fileobj=b"y", path_in_repo="y")


def test_an_organization_may_be_private_by_default(alice, new_name):
    repo = alice.create_repo(f"quiet/{new_name()}").repo_id
    assert alice.model_info(repo).private
    public = alice.create_repo(f"quiet/{new_name()}", private=False).repo_id
    assert not alice.model_info(public).private


def test_auth_check(alice, alice_read, bob, anonymous, new_repo):
    public, private = new_repo(), new_repo(private=True)
    alice.auth_check(private, write=True)
    alice_read.auth_check(private)
    bob.auth_check(public)
    anonymous.auth_check(public)
    for api in (bob, anonymous):
        with pytest.raises(RepositoryNotFoundError):
            api.auth_check(private)
    for api in (alice_read, bob):
        with pytest.raises(HfHubHTTPError) as caught:
            api.auth_check(public, write=True)
        assert caught.value.response.status_code == 403


def test_list_user_repos_tells_the_storage(alice, new_repo):
    repo = new_repo(private=True)
    alice.upload_file(repo_id=repo, path_or_fileobj=noise(2 * MEGABYTE, 3), path_in_repo="x.bin")
    mine = {item.id: item for item in alice.list_user_repos()}
    assert mine[repo].type == "model"
    assert mine[repo].visibility == "private"
    assert 2 * MEGABYTE <= mine[repo].storage < 3 * MEGABYTE


def test_overviews_of_people_and_organizations(alice, bob, anonymous, new_repo):
    new_repo()
    before = anonymous.get_user_overview("alice")
    assert (before.username, before.fullname) == ("alice", "Alice Archer")
    assert {(org.name, org.fullname) for org in before.orgs} >= {("acme", "Acme")}
    new_repo()
    new_repo("dataset", private=True)
    seen = {"anonymous": anonymous, "alice": alice}
    seen = {who: api.get_user_overview("alice") for who, api in seen.items()}
    assert before.num_models + 1 == seen["anonymous"].num_models <= seen["alice"].num_models
    assert seen["anonymous"].num_datasets == before.num_datasets < seen["alice"].num_datasets
    organization = bob.get_organization_overview("acme")
    assert (organization.name, organization.fullname) == ("acme", "Acme")
    assert (organization.num_users, organization.num_followers) == (3, 0)
    members = {member.username for member in bob.list_organization_members("acme")}
    assert members == {"alice", "bob", "carol"}
    for ask in (anonymous.get_user_overview, anonymous.get_organization_overview):
        with pytest.raises(HfHubHTTPError) as caught:
            ask("nobody-at-all")
        assert caught.value.response.status_code == 404


def test_tokens_work_as_git_and_browser_send_them(http, repo):
    # git sends Basic with any user name and the token as password.
    assert http.get("/api/whoami-v2", auth=("anything", ALICE)).json()["name"] == "alice"
    assert http.get("/api/whoami-v2", headers=bearer(ALICE_READ)).json()["name"] == "alice"
