"""What people do together, as the client sees it: every method for discussions, likes, access and collections."""

import hashlib
import hmac
import http.server
import json
import os
import queue
import subprocess
import threading

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    DiscussionComment,
    DiscussionCommit,
    DiscussionStatusChange,
    DiscussionTitleChange,
    WebhookPayload,
    WebhookWatchedItem,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from people import BOB


def status_of(caught) -> int:
    return caught.value.response.status_code


def first_comment(discussion) -> DiscussionComment:
    return next(event for event in discussion.events if isinstance(event, DiscussionComment))


def test_open_and_list(alice, bob, repo):
    pull = alice.create_pull_request(repo, title="Test PR")
    talk = bob.create_discussion(repo, title=" Test discussion !  ")
    assert (pull.num, pull.status, pull.is_pull_request, pull.author) == (1, "draft", True, "alice")
    assert (talk.num, talk.status, talk.title, talk.author) == (2, "open", "Test discussion !", "bob")
    assert pull.git_reference == "refs/pr/1" and pull.target_branch == "refs/heads/main"
    assert "huggingface_hub Python library" in first_comment(talk).content
    assert alice.get_discussion_details(repo, 2) == talk
    assert alice.repo_info(repo, revision="refs/pr/1").sha == alice.repo_info(repo).sha

    def numbers(**options):
        return [found.num for found in alice.get_repo_discussions(repo, **options)]

    assert numbers() == [2, 1]
    assert numbers(discussion_type="pull_request") == [1]
    assert numbers(discussion_type="discussion") == [2]
    assert numbers(author="bob") == [2]
    assert numbers(author="carol") == []
    alice.change_discussion_status(repo, 1, "closed")
    assert numbers(discussion_status="open") == [2]
    assert numbers(discussion_status="closed") == [1]
    refs = alice.list_repo_refs(repo, include_pull_requests=True)
    assert [(ref.name, ref.ref) for ref in refs.pull_requests] == [("refs/pr/1", "refs/pr/1")]
    assert alice.list_repo_refs(repo).pull_requests is None


def test_pages(alice, repo):
    for number in range(53):
        alice.create_discussion(repo, title=f"Number {number}")
    assert [found.num for found in alice.get_repo_discussions(repo)] == list(range(53, 0, -1))


@pytest.mark.parametrize("repo_type", ["dataset", "space"])
def test_other_kinds(alice, new_repo, repo_type):
    repo = new_repo(repo_type)
    talk = alice.create_discussion(repo, title="Of another kind", repo_type=repo_type)
    assert (talk.repo_type, talk.repo_id) == (repo_type, repo)
    assert talk.url.endswith(f"/{repo_type}s/{repo}/discussions/1")


def test_comments(alice, bob, repo):
    talk = bob.create_discussion(repo, title="A talk", description="the *beginning*")
    assert first_comment(talk).content == "the *beginning*"
    said = alice.comment_discussion(repo, 1, comment="# Heading\n\n- multi\n- line 🤗")
    assert isinstance(said, DiscussionComment)
    assert (said.content, said.author, said.edited) == ("# Heading\n\n- multi\n- line 🤗", "alice", False)
    edited = bob.edit_discussion_comment(repo, 1, first_comment(talk).id, "**Edited** comment 🤗")
    now = alice.get_discussion_details(repo, 1)
    assert first_comment(now) == edited
    assert (edited.content, edited.edited, edited.number_of_edits) == ("**Edited** comment 🤗", True, 1)
    assert edited.last_edited_by == "bob" and "Edited" in edited.rendered
    with pytest.raises(HfHubHTTPError, match="only its author") as caught:
        alice.edit_discussion_comment(repo, 1, first_comment(talk).id, "mine now")
    assert status_of(caught) == 403
    with pytest.warns(UserWarning, match="irreversible"):
        hidden = alice.hide_discussion_comment(repo, 1, first_comment(talk).id)
    assert hidden.hidden and hidden.number_of_edits == 0 and "Edited" not in hidden.content
    assert "Edited" not in str(alice.get_discussion_details(repo, 1).events[0])


def test_rename_and_status(alice, bob, repo):
    bob.create_discussion(repo, title="A question")
    renamed = alice.rename_discussion(repo, 1, new_title="New titleee")
    assert isinstance(renamed, DiscussionTitleChange)
    assert (renamed.old_title, renamed.new_title) == ("A question", "New titleee")
    closed = bob.change_discussion_status(repo, 1, "closed", comment="done")
    assert isinstance(closed, DiscussionStatusChange) and closed.new_status == "closed"
    now = alice.get_discussion_details(repo, 1)
    assert {renamed.id, closed.id} <= {event.id for event in now.events}
    assert now.status == "closed" and "done" in [getattr(event, "content", None) for event in now.events]
    bob.change_discussion_status(repo, 1, "open")
    assert alice.get_discussion_details(repo, 1).status == "open"


def test_merge(alice, repo):
    pull = alice.create_pull_request(repo, title="Test PR", description="why")
    commit = alice.create_commit(
        repo,
        operations=[CommitOperationAdd("file.test", b"Content")],
        commit_message="Commit some file",
        revision=pull.git_reference,
    )
    now = alice.get_discussion_details(repo, pull.num)
    assert [(event.summary, event.oid) for event in now.events if isinstance(event, DiscussionCommit)] == [
        ("Commit some file", commit.oid)
    ]
    assert "+Content" in now.diff and now.conflicting_files == []
    with pytest.raises(HfHubHTTPError, match="draft"):
        alice.merge_pull_request(repo, pull.num)
    alice.change_discussion_status(repo, pull.num, "open")
    alice.merge_pull_request(repo, pull.num, comment="thanks")
    now = alice.get_discussion_details(repo, pull.num)
    assert now.status == "merged" and now.merge_commit_oid == alice.repo_info(repo).sha
    assert "file.test" in alice.list_repo_files(repo)


def test_create_pr_on_a_foreign_repository(alice, bob, repo, cache):
    done = bob.create_commit(
        repo,
        operations=[
            CommitOperationAdd("regular.txt", b"File content"),
            CommitOperationAdd("large.pkl", b"Large content" * 100),
        ],
        commit_message="PR on foreign repo",
        commit_description="with a reason",
        create_pr=True,
    )
    assert done.pr_url == f"{bob.endpoint}/{repo}/discussions/1"
    assert (done.pr_num, done.pr_revision) == (1, "refs/pr/1")
    with pytest.raises(EntryNotFoundError):
        alice.hf_hub_download(repo, "regular.txt", cache_dir=cache)
    for path, content in [("regular.txt", b"File content"), ("large.pkl", b"Large content" * 100)]:
        got = alice.hf_hub_download(repo, path, revision="refs/pr/1", cache_dir=cache)
        assert open(got, "rb").read() == content
    pull = alice.get_discussion_details(repo, 1)
    assert (pull.title, pull.status, pull.author) == ("PR on foreign repo", "open", "bob")
    # Its author goes on; nobody else may, and the branch stays closed.
    bob.upload_file(repo_id=repo, path_or_fileobj=b"more", path_in_repo="more.txt", revision="refs/pr/1")
    for revision in ["main", None]:
        with pytest.raises(HfHubHTTPError) as caught:
            bob.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x.txt", revision=revision)
        assert status_of(caught) == 403
    alice.merge_pull_request(repo, 1)
    assert {"regular.txt", "large.pkl", "more.txt"} <= set(alice.list_repo_files(repo))
    with pytest.raises(HfHubHTTPError, match="is merged"):
        bob.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x.txt", revision="refs/pr/1")


def test_create_pr_by_lfs(by_lfs, bob, repo, cache):
    content = bytes(range(256)) * 5000
    bob.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo="large.bin", create_pr=True)
    got = bob.hf_hub_download(repo, "large.bin", revision="refs/pr/1", cache_dir=cache)
    assert open(got, "rb").read() == content


def test_create_pr_against_branches(alice, repo):
    alice.create_branch(repo, branch="dev")
    head = alice.repo_info(repo).sha

    def added():
        return [CommitOperationAdd("a.txt", b"a")]

    done = alice.create_commit(repo, operations=added(), commit_message="For dev", revision="dev", create_pr=True)
    assert alice.get_discussion_details(repo, done.pr_num).target_branch == "refs/heads/dev"
    for revision in [head, "nowhere"]:
        with pytest.raises(RevisionNotFoundError):
            alice.create_commit(repo, operations=added(), commit_message="x", revision=revision, create_pr=True)


def test_upload_folder_as_a_pull_request(bob, repo, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 200)
    done = bob.upload_folder(repo_id=repo, folder_path=tmp_path, create_pr=True)
    assert done.pr_revision == "refs/pr/1"
    assert {"in/a.txt", "b.bin"} <= set(bob.list_repo_files(repo, revision="refs/pr/1"))


def test_push_by_git(alice, bob, repo, url, tmp_path):
    bob.create_pull_request(repo, title="By git")
    address = f"{url}/{repo}".replace("://", f"://bob:{BOB}@")
    quiet = os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*arguments):
        command = ["git", "-c", "user.name=bob", "-c", "user.email=bob@example.org", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=quiet, capture_output=True, text=True)

    assert git("clone", "--quiet", address, ".").returncode == 0
    (tmp_path / "pushed.txt").write_text("pushed")
    assert git("add", ".").returncode == 0
    assert git("commit", "--quiet", "-m", "Pushed by git").returncode == 0
    refused = git("push", "origin", "HEAD:main")
    assert refused.returncode != 0 and "may not write" in refused.stderr
    pushed = git("push", "origin", "HEAD:refs/pr/1")
    assert pushed.returncode == 0, pushed.stderr
    now = alice.get_discussion_details(repo, 1)
    commits = [event for event in now.events if isinstance(event, DiscussionCommit)]
    assert [(event.summary, event.author) for event in commits] == [("Pushed by git", "bob")]
    alice.change_discussion_status(repo, 1, "open")
    alice.merge_pull_request(repo, 1)
    assert "pushed.txt" in alice.list_repo_files(repo)
    assert git("push", "origin", "HEAD~1:refs/pr/1", "--force").returncode != 0


def test_hidden_repositories_stay_hidden(alice, bob, anonymous, new_repo):
    repo = new_repo(private=True)
    alice.create_discussion(repo, title="Secret")
    for client in [bob, anonymous]:
        with pytest.raises(RepositoryNotFoundError):
            list(client.get_repo_discussions(repo))
        with pytest.raises(RepositoryNotFoundError):
            client.get_discussion_details(repo, 1)
        with pytest.raises(RepositoryNotFoundError):
            client.create_discussion(repo, title="Knock")
    with pytest.raises(HfHubHTTPError) as caught:
        anonymous.create_discussion(new_repo(), title="Who am I")
    assert status_of(caught) == 401


def test_likes(alice, bob, http, repo):
    for token in ["hf_none", None]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert http.post(f"/api/models/{repo}/like", headers=headers).status_code == 401
    for _ in range(2):
        assert http.post(f"/api/models/{repo}/like", headers={"Authorization": f"Bearer {BOB}"}).status_code == 200
    assert [user.username for user in alice.list_repo_likers(repo)] == ["bob"]
    assert repo in bob.list_liked_repos().models and repo in alice.list_liked_repos("bob").models
    assert alice.model_info(repo).likes == 1
    with pytest.raises(RepositoryNotFoundError):
        bob.unlike("no-namespace")
    bob.unlike(repo)
    assert list(alice.list_repo_likers(repo)) == [] and repo not in bob.list_liked_repos().models
    assert alice.model_info(repo).likes == 0


def test_follows(alice, bob, http):
    headers = {"Authorization": f"Bearer {BOB}"}
    assert http.post("/api/users/alice/follow", headers=headers).status_code == 200
    assert http.post("/api/organizations/acme/follow", headers=headers).status_code == 200
    assert "bob" in [user.username for user in alice.list_user_followers("alice")]
    assert "alice" in [user.username for user in alice.list_user_following("bob")]
    assert "bob" in [user.username for user in alice.list_organization_followers("acme")]
    overview = bob.get_user_overview("alice")
    assert overview.is_following and overview.num_followers >= 1
    assert bob.get_organization_overview("acme").is_following
    assert http.delete("/api/users/alice/follow", headers=headers).status_code == 200
    assert not bob.get_user_overview("alice").is_following


def test_gated_access(alice, bob, http, repo, cache):
    alice.upload_file(repo_id=repo, path_or_fileobj=b"bytes", path_in_repo="a.txt")
    alice.update_repo_settings(repo, gated="manual")
    with pytest.raises(GatedRepoError, match="is restricted and you are not in the authorized list"):
        bob.hf_hub_download(repo, "a.txt", cache_dir=cache)
    with pytest.raises(GatedRepoError):
        bob.auth_check(repo)
    headers = {"Authorization": f"Bearer {BOB}"}
    assert http.post(f"/{repo}/ask-access", headers=headers, json={"Company": "Bob Inc"}).status_code == 303
    [request] = alice.list_pending_access_requests(repo)
    assert (request.username, request.status, request.fields) == ("bob", "pending", {"Company": "Bob Inc"})
    with pytest.raises(HfHubHTTPError) as caught:
        list(bob.list_pending_access_requests(repo))
    assert status_of(caught) == 403
    alice.accept_access_request(repo, "bob")
    bob.auth_check(repo)
    assert open(bob.hf_hub_download(repo, "a.txt", cache_dir=cache), "rb").read() == b"bytes"
    assert [found.username for found in alice.list_accepted_access_requests(repo)] == ["bob"]
    alice.reject_access_request(repo, "bob", rejection_reason="no more")
    with pytest.raises(GatedRepoError):
        bob.auth_check(repo)
    assert [found.username for found in alice.list_rejected_access_requests(repo)] == ["bob"]
    alice.cancel_access_request(repo, request_id=request.request_id)
    assert [found.username for found in alice.list_pending_access_requests(repo)] == ["bob"]
    for call in [alice.cancel_access_request, alice.grant_access]:
        with pytest.raises(HfHubHTTPError) as caught:
            call(repo, "nobody-at-all")
        assert status_of(caught) == 404
    alice.grant_access(repo, "carol")
    with pytest.raises(HfHubHTTPError, match="has access already") as caught:
        alice.grant_access(repo, "carol")
    assert status_of(caught) == 400
    alice.update_repo_settings(repo, gated=False)
    with pytest.raises(HfHubHTTPError) as caught:
        list(alice.list_pending_access_requests(repo))
    assert status_of(caught) == 400


def test_collections(alice, bob, new_repo, new_name):
    title = f"My cool stuff {new_name()[-30:]}"[:60].strip()
    made = alice.create_collection(title, description="Contains a lot of cool stuff")
    assert (made.title, made.description, made.items) == (title, "Contains a lot of cool stuff", [])
    assert made.slug.startswith("alice/my-cool-stuff-") and made.url.endswith(f"/collections/{made.slug}")
    with pytest.raises(HfHubHTTPError):
        alice.create_collection(title)
    assert alice.create_collection(title, exists_ok=True).slug == made.slug

    model, dataset = new_repo(), new_repo("dataset")
    alice.add_collection_item(made.slug, model, "model", note="This is my model")
    alice.add_collection_item(made.slug, dataset, "dataset")
    with pytest.raises(HfHubHTTPError):
        alice.add_collection_item(made.slug, model, "model")
    alice.add_collection_item(made.slug, model, "model", exists_ok=True)
    with pytest.raises(HfHubHTTPError):
        alice.add_collection_item(made.slug, model, "dataset")
    now = bob.get_collection(made.slug)
    assert [(item.item_id, item.item_type, item.note) for item in now.items] == [
        (model, "model", "This is my model"),
        (dataset, "dataset", None),
    ]
    alice.update_collection_item(made.slug, now.items[0].item_object_id, note="New note", position=1)
    now = alice.get_collection(made.slug)
    assert [(item.item_id, item.note) for item in now.items] == [(dataset, None), (model, "New note")]
    alice.delete_collection_item(made.slug, now.items[1].item_object_id)
    alice.delete_collection_item(made.slug, now.items[1].item_object_id, missing_ok=True)
    assert len(alice.get_collection(made.slug).items) == 1
    assert made.slug in [found.slug for found in alice.list_collections(owner="alice", limit=100)]
    assert [found.slug for found in bob.list_collections(item=f"datasets/{dataset}")] == [made.slug]

    other = alice.update_collection_metadata(
        made.slug, title=f"New {title}"[:60].strip(), description="New description", private=True, theme="pink"
    )
    assert (other.description, other.private, other.theme) == ("New description", True, "pink")
    assert other.slug != made.slug and other.slug[-24:] == made.slug[-24:]
    assert alice.get_collection(made.slug).slug == alice.get_collection(other.slug).slug == other.slug
    with pytest.raises(HfHubHTTPError) as caught:
        bob.get_collection(made.slug)
    assert status_of(caught) == 404
    alice.delete_collection(made.slug)
    with pytest.raises(HfHubHTTPError):
        alice.delete_collection(made.slug)
    alice.delete_collection(made.slug, missing_ok=True)


class Receiver:
    """A server that keeps what webhooks send to it, and answers as it is told."""

    def __init__(self):
        self.got = queue.Queue()
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.put((self.headers, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        headers, body = self.got.get(timeout=60)
        return headers, body, WebhookPayload(**json.loads(body))


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


def test_webhooks_of_their_owner(alice, bob, repo, receiver):
    watched = [WebhookWatchedItem(type="model", name=repo), {"type": "org", "name": "acme"}]
    made = alice.create_webhook(url=receiver.url, watched=watched, domains=["repo"], secret="my-secret")
    assert (made.url, made.secret, made.domains, made.disabled) == (receiver.url, "my-secret", ["repo"], False)
    assert {(item.type, item.name) for item in made.watched} == {("model", repo), ("org", "acme")}
    assert alice.get_webhook(made.id) == made and made in alice.list_webhooks()
    changed = alice.update_webhook(made.id, url=f"{receiver.url}?x", domains=["discussion"])
    assert (changed.url, changed.domains, len(changed.watched)) == (f"{receiver.url}?x", ["discussion"], 2)
    assert alice.disable_webhook(made.id).disabled and not alice.enable_webhook(made.id).disabled
    for call in [bob.get_webhook, bob.disable_webhook, bob.delete_webhook]:
        with pytest.raises(HfHubHTTPError) as caught:
            call(made.id)
        assert status_of(caught) == 404
    for url in ["ftp://example.org", "nonsense"]:
        with pytest.raises(HfHubHTTPError) as caught:
            alice.create_webhook(url=url, watched=watched)
        assert status_of(caught) == 400
    alice.delete_webhook(made.id)
    assert made.id not in [found.id for found in alice.list_webhooks()]


def test_webhooks_are_told(alice, bob, http, repo, receiver):
    made = bob.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": repo}, {"type": "user", "name": "alice"}], secret="s3cret"
    )
    commit = alice.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x.txt")
    headers, body, told = receiver.next()
    assert headers["X-Webhook-Secret"] == "s3cret"
    expect = "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Hearth-Signature"] == expect
    assert (told.event.action, told.event.scope) == ("update", "repo.content")
    assert (told.repo.name, told.repo.type, told.repo.head_sha) == (repo, "model", commit.oid)
    assert [(ref.ref, ref.newSha) for ref in told.updatedRefs] == [("refs/heads/main", commit.oid)]
    assert told.webhook.id == made.id

    talk = alice.create_discussion(repo, title="Hear this", description="loud")
    _, _, told = receiver.next()
    assert (told.event.action, told.event.scope) == ("create", "discussion")
    assert (told.discussion.num, told.discussion.title, told.comment.content) == (talk.num, "Hear this", "loud")
    alice.comment_discussion(repo, talk.num, comment="and this")
    assert receiver.next()[2].comment.content == "and this"
    alice.change_discussion_status(repo, talk.num, "closed")
    assert receiver.next()[2].discussion.status == "closed"

    # Failures are tried again, and nothing of a hidden repository is told.
    receiver.status = 500
    alice.rename_discussion(repo, talk.num, new_title="Told twice")
    assert receiver.next()[2].discussion.title == "Told twice"
    receiver.status = 200
    assert receiver.next()[2].discussion.title == "Told twice"
    alice.update_repo_settings(repo, private=True)
    alice.create_discussion(repo, title="A secret")
    # What happens in the open afterwards tells that the secret was passed over.
    later = alice.create_repo(f"{repo}-later").repo_id
    while True:
        _, body, told = receiver.next()
        assert b"A secret" not in body
        if told.repo.name == later:
            break
    alice.delete_repo(later)
    log = http.get(f"/api/settings/webhooks/{made.id}/logs", headers={"Authorization": f"Bearer {BOB}"}).json()
    assert "A secret" not in json.dumps(log)
    assert {"waiting", "delivered"} >= {entry["state"] for entry in log}
    bob.delete_webhook(made.id)
