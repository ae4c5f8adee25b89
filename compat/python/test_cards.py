"""Cards: read, push, change their metadata, validate."""

import pytest
from huggingface_hub import DatasetCard, ModelCard, ModelCardData, SpaceCard, metadata_load, metadata_update
from huggingface_hub.errors import BadRequestError

from people import ALICE, bearer


def test_push_and_load_a_model_card(alice, repo):
    data = ModelCardData(license="mit", language="en", tags=["one"], library_name="transformers")
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n# Hello\n")
    card.push_to_hub(repo, token=ALICE)
    loaded = ModelCard.load(repo, token=ALICE)
    assert loaded.data.license == "mit" and "# Hello" in loaded.text
    info = alice.model_info(repo)
    assert {"license:mit", "en", "one", "transformers"} <= set(info.tags)


def test_metadata_update(alice, repo, tmp_path):
    ModelCard("---\nlicense: mit\n---\n# Hello\n").push_to_hub(repo, token=ALICE)
    metadata_update(repo, {"pipeline_tag": "translation"}, token=ALICE)
    path = alice.hf_hub_download(repo, "README.md", cache_dir=tmp_path)
    assert metadata_load(path) == {"license": "mit", "pipeline_tag": "translation"}
    assert alice.model_info(repo).pipeline_tag == "translation"


def test_cards_of_datasets_and_spaces(alice, new_repo):
    dataset, space = new_repo("dataset"), new_repo("space")
    DatasetCard("---\nlicense: cc0-1.0\n---\n# Data\n").push_to_hub(dataset, token=ALICE)
    assert DatasetCard.load(dataset, token=ALICE).data.license == "cc0-1.0"
    SpaceCard("---\ntitle: A space\nsdk: static\nemoji: 🚀\n---\n").push_to_hub(space, token=ALICE)
    assert SpaceCard.load(space, token=ALICE).data.title == "A space"
    assert alice.space_info(space).card_data["title"] == "A space"


def test_validation_names_what_is_wrong():
    ModelCard("---\nlicense: mit\n---\n").validate()
    with pytest.raises((BadRequestError, ValueError), match='"license" must be one of'):
        ModelCard("---\nlicense: not-a-license\n---\n").validate()


def test_validation_over_http(http):
    def validate(content, kind="model"):
        return http.post("/api/validate-yaml", json={"content": content, "repoType": kind})

    assert validate("---\nlicense: mit\n---\n").json() == {"errors": [], "warnings": []}
    assert validate("# no metadata\n").json()["warnings"]
    broken = validate("---\nlicense: [mit\n---\n")
    assert broken.status_code in (200, 400) and broken.json()["errors"]
    huge = "---\n" + "a: " + "[" * 5000 + "]" * 5000 + "\n---\n"
    assert validate(huge).status_code in (200, 400)


def test_a_faulty_card_does_not_stop_an_upload(alice, http, repo):
    """Through the commit endpoint itself: the clients would ask for validation first."""
    import base64
    import json

    lines = [
        {"key": "header", "value": {"summary": "faulty"}},
        {
            "key": "file",
            "value": {
                "path": "README.md",
                "content": base64.b64encode(b"---\nlicense: [oh\n---\n").decode(),
                "encoding": "base64",
            },
        },
    ]
    answer = http.post(
        f"/api/models/{repo}/commit/main",
        content="\n".join(json.dumps(line) for line in lines).encode(),
        headers=bearer(ALICE) | {"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 200, answer.text
    assert alice.model_info(repo).id == repo
