"""Branches, tags, commits, squashing."""

import pytest
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RevisionNotFoundError


def commit(alice, repo, path="a.txt", content=b"1", **options):
    return alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo=path, **options)


def test_branches(alice, repo):
    commit(alice, repo)
    main = alice.model_info(repo).sha
    alice.create_branch(repo, branch="dev")
    commit(alice, repo, "dev.txt", revision="dev")
    alice.create_branch(repo, branch="from-dev", revision="dev")
    alice.create_branch(repo, branch="feature/one", revision=main)
    refs = alice.list_repo_refs(repo)
    targets = {branch.name: branch.target_commit for branch in refs.branches}
    assert set(targets) == {"main", "dev", "from-dev", "feature/one"}
    assert targets["main"] == targets["feature/one"] == main
    assert targets["dev"] == targets["from-dev"] != main
    assert {branch.ref for branch in refs.branches} >= {"refs/heads/main", "refs/heads/feature/one"}
    assert "dev.txt" in alice.list_repo_files(repo, revision="dev")
    assert "dev.txt" not in alice.list_repo_files(repo)
    alice.delete_branch(repo, branch="feature/one")
    alice.delete_branch(repo, branch="dev")
    assert {branch.name for branch in alice.list_repo_refs(repo).branches} == {"main", "from-dev"}


def test_branch_errors(alice, repo):
    alice.create_branch(repo, branch="dev")
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/dev already exists") as caught:
        alice.create_branch(repo, branch="dev")
    assert caught.value.response.status_code == 409
    alice.create_branch(repo, branch="dev", exist_ok=True)
    with pytest.raises(BadRequestError, match="Invalid reference for a branch"):
        alice.create_branch(repo, branch="refs/pr/5")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        alice.create_branch(repo, branch="other", revision="nowhere")
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        alice.delete_branch(repo, branch="main")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        alice.delete_branch(repo, branch="never-was")
    # The revision counts before the name.
    with pytest.raises(RevisionNotFoundError):
        alice.create_tag(repo, tag="no good name", revision="nowhere")


def test_tags(alice, repo, tmp_path):
    commit(alice, repo, content=b"old")
    alice.create_tag(repo, tag="v1", tag_message="the first")
    alice.create_tag(repo, tag="light")
    commit(alice, repo, content=b"new")
    tags = {tag.name: tag for tag in alice.list_repo_refs(repo).tags}
    assert tags["v1"].ref == "refs/tags/v1"
    assert len(tags["v1"].target_commit) == 40
    path = alice.hf_hub_download(repo, "a.txt", revision="v1", cache_dir=tmp_path)
    assert open(path, "rb").read() == b"old"
    with pytest.raises(HfHubHTTPError) as caught:
        alice.create_tag(repo, tag="v1")
    assert caught.value.response.status_code == 409
    alice.create_tag(repo, tag="v1", exist_ok=True)
    with pytest.raises(RevisionNotFoundError):
        alice.create_tag(repo, tag="v2", revision="nowhere")
    alice.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        alice.delete_tag(repo, tag="v1")
    assert [tag.name for tag in alice.list_repo_refs(repo).tags] == ["light"]


def test_refs_include_pull_requests_when_asked(alice, repo):
    assert alice.list_repo_refs(repo).pull_requests is None
    assert alice.list_repo_refs(repo, include_pull_requests=True).pull_requests == []


def test_commits_newest_first(alice, repo, http):
    for number in range(5):
        commit(alice, repo, content=b"%d" % number, commit_message=f"number {number}", commit_description="why")
    commits = alice.list_repo_commits(repo)
    assert [c.title for c in commits] == [f"number {n}" for n in (4, 3, 2, 1, 0)] + ["initial commit"]
    assert commits[0].message == "why"
    assert commits[0].authors == ["alice"]
    assert commits[0].commit_id == alice.model_info(repo).sha
    assert commits[0].created_at >= commits[1].created_at
    formatted = alice.list_repo_commits(repo, formatted=True)
    assert "number 4" in formatted[0].formatted_title
    older = alice.list_repo_commits(repo, revision=commits[2].commit_id)
    assert [c.commit_id for c in older] == [c.commit_id for c in commits[2:]]
    answer = http.get(f"/api/models/{repo}/commits/main?limit=2")
    assert answer.headers["X-Total-Count"] == "6"
    assert len(answer.json()) == 2
    assert answer.links["next"]["url"].startswith("http")
    with pytest.raises(RevisionNotFoundError):
        alice.list_repo_commits(repo, revision="nowhere")


def test_super_squash(alice, repo):
    for number in range(3):
        commit(alice, repo, f"{number}.txt")
    alice.create_branch(repo, branch="other")
    files = alice.list_repo_files(repo)
    alice.super_squash_history(repo, commit_message="all in one")
    assert [c.title for c in alice.list_repo_commits(repo)] == ["all in one"]
    assert alice.list_repo_files(repo) == files
    assert len(alice.list_repo_commits(repo, revision="other")) == 4
    alice.super_squash_history(repo, branch="other")
    assert len(alice.list_repo_commits(repo, revision="other")) == 1
    with pytest.raises(HfHubHTTPError):
        alice.super_squash_history(repo, branch="nowhere")
    with pytest.raises(HfHubHTTPError):
        alice.super_squash_history(repo, branch=alice.model_info(repo).sha)


def test_compare(alice, repo, http):
    before = alice.model_info(repo).sha
    commit(alice, repo, "new.txt", b"one\n")
    after = alice.model_info(repo).sha
    raw = http.get(f"/api/models/{repo}/compare/{before}..{after}?raw=true").text
    assert raw.startswith("T 4\t:000000 100644 ")
    assert raw.rstrip("\n").endswith("A\tnew.txt")
