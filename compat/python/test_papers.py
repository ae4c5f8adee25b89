"""Papers: found in cards, entered by people, read by the client."""

import pytest
from huggingface_hub.errors import HfHubHTTPError

ATTENTION = "1706.03762"


@pytest.fixture(scope="module")
def cited(alice, bob, http):
    repo = alice.create_repo("alice/attends", exist_ok=True).repo_id
    alice.upload_file(repo_id=repo, path_or_fileobj=b"# Attends\nhttps://arxiv.org/abs/1706.03762\n", path_in_repo="README.md")
    known = {
        "title": "Attention Is All You Need",
        "summary": "The dominant sequence transduction models are based on complex recurrent networks.",
        "authors": ["Ashish Vaswani", "Noam Shazeer"],
        "publishedAt": "2017-06-12T17:57:34.000Z",
        "githubRepo": "https://github.com/tensorflow/tensor2tensor",
    }
    headers = {"authorization": f"Bearer {bob.token}"}
    http.put(f"/api/papers/{ATTENTION}", json=known, headers=headers).raise_for_status()
    http.post(f"/api/papers/{ATTENTION}/upvote", headers=headers).raise_for_status()
    answer = http.post(f"/api/papers/{ATTENTION}/submit", headers=headers)
    assert answer.status_code in (200, 409)
    return repo


def test_a_paper_and_what_cites_it(anonymous, cited):
    paper = anonymous.paper_info(ATTENTION)
    assert (paper.id, paper.title, paper.upvotes) == (ATTENTION, "Attention Is All You Need", 1)
    assert [author.name for author in paper.authors] == ["Ashish Vaswani", "Noam Shazeer"]
    assert paper.published_at.year == 2017 and paper.github_repo.endswith("tensor2tensor")
    assert cited in [model.id for model in paper.linked_models] and paper.num_total_models >= 1
    assert paper.submitted_by.username == "bob"
    assert f"arxiv:{ATTENTION}" in anonymous.model_info(cited).tags


def test_papers_are_searched_and_listed_by_day(anonymous, cited):
    assert ATTENTION in [paper.id for paper in anonymous.list_papers(query="all you need")]
    assert list(anonymous.list_papers(query="no such words anywhere")) == []
    daily = list(anonymous.list_daily_papers())
    assert (daily[0].id, daily[0].title, daily[0].submitted_by.username) == (ATTENTION, "Attention Is All You Need", "bob")
    day = daily[0].submitted_at
    assert ATTENTION in [paper.id for paper in anonymous.list_daily_papers(date=f"{day:%Y-%m-%d}")]
    assert ATTENTION in [paper.id for paper in anonymous.list_daily_papers(week=f"{day:%G-W%V}")]
    assert ATTENTION in [paper.id for paper in anonymous.list_daily_papers(month=f"{day:%Y-%m}", submitter="bob", sort="trending")]
    assert list(anonymous.list_daily_papers(date="2001-01-01")) == []


def test_a_paper_is_read_as_markdown(anonymous, cited):
    text = anonymous.read_paper(ATTENTION)
    assert text.startswith("# Attention Is All You Need") and cited in text


def test_unknown_papers_are_missing(anonymous):
    for name in ("1706.99999", "not-a-paper"):
        with pytest.raises(HfHubHTTPError) as caught:
            anonymous.paper_info(name)
        assert caught.value.response.status_code == 404
