"""Information about one repository, and lists of many."""

import json

import pytest
from huggingface_hub import CommitOperationAdd, get_safetensors_metadata
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError

from content import MEGABYTE, noise, safetensors, sha256
from people import ALICE

CARD = b"""---
license: apache-2.0
language: [en, fr]
library_name: transformers
pipeline_tag: text-generation
tags: [compat-tag]
datasets: [alice/some-data]
base_model: alice/some-base
---
# A model
"""


@pytest.fixture
def model(alice, new_repo):
    repo = new_repo()
    large = noise(MEGABYTE)
    files = {
        "README.md": CARD,
        "config.json": json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"}).encode(),
        "model.safetensors": safetensors({"a": ("F32", [10, 10]), "b": ("BF16", [7])}),
        "weights.bin": large,
    }
    from huggingface_hub import CommitOperationAdd

    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    alice.create_commit(repo, operations, commit_message="all")
    return repo, large


def test_model_info(alice, model):
    repo, _ = model
    info = alice.model_info(repo)
    assert info.id == repo
    assert info.author == "alice"
    assert len(info.sha) == 40
    assert info.created_at <= info.last_modified
    assert info.private is False and info.gated is False and not info.disabled
    assert info.downloads == 0 and info.likes == 0
    assert info.pipeline_tag == "text-generation"
    assert info.library_name == "transformers"
    assert {"compat-tag", "license:apache-2.0", "en", "fr", "transformers", "safetensors"} <= set(info.tags)
    assert {"dataset:alice/some-data", "base_model:alice/some-base"} <= set(info.tags)
    assert info.card_data["license"] == "apache-2.0"
    assert info.config["architectures"] == ["LlamaForCausalLM"]
    assert info.config["model_type"] == "llama"
    assert info.transformers_info.auto_model == "AutoModelForCausalLM"
    assert info.safetensors.parameters == {"F32": 100, "BF16": 7}
    assert info.safetensors.total == 107
    names = [sibling.rfilename for sibling in info.siblings]
    assert names == sorted([".gitattributes", "README.md", "config.json", "model.safetensors", "weights.bin"])
    assert all(sibling.size is None for sibling in info.siblings)


def test_files_metadata(alice, model):
    repo, large = model
    siblings = {s.rfilename: s for s in alice.model_info(repo, files_metadata=True).siblings}
    assert siblings["README.md"].size == len(CARD)
    assert siblings["README.md"].lfs is None
    assert len(siblings["README.md"].blob_id) == 40
    assert siblings["weights.bin"].size == len(large)
    assert siblings["weights.bin"].lfs.sha256 == sha256(large)
    assert siblings["weights.bin"].lfs.size == len(large)
    assert siblings["weights.bin"].lfs.pointer_size > 100


def test_revisions_by_every_name(alice, model):
    repo, _ = model
    sha = alice.model_info(repo).sha
    alice.create_tag(repo, tag="v1")
    alice.create_branch(repo, branch="with/slash")
    for revision in ("main", "v1", "with/slash", sha, sha[:7], "HEAD", "refs/heads/main"):
        assert alice.model_info(repo, revision=revision).sha == sha, revision
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repo, revision="nowhere")
    assert alice.revision_exists(repo, "v1")
    assert not alice.revision_exists(repo, "nowhere")
    assert not alice.revision_exists("alice/nothing-here", "main")
    assert alice.resolve_revision(repo, revision="v1").resolved == sha


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_expand_answers_just_what_was_asked(alice, new_repo, kind):
    repo = new_repo(kind)
    info = alice.repo_info(repo, repo_type=kind, expand=["author", "likes"])
    assert (info.id, info.author, info.likes) == (repo, "alice", 0)
    assert info.sha is None and info.tags is None and info.last_modified is None and info.siblings is None


def test_every_expand_property_is_known(alice, model):
    repo, _ = model
    from typing import get_args

    from huggingface_hub import hf_api

    for kind, repo_id in (("model", repo),):
        for name in get_args(hf_api.ExpandModelProperty_T):
            assert alice.repo_info(repo_id, repo_type=kind, expand=[name]).id == repo_id, name


def test_every_expand_property_of_datasets_and_spaces(alice, new_repo):
    from typing import get_args

    from huggingface_hub import hf_api

    dataset, space = new_repo("dataset"), new_repo("space")
    for name in get_args(hf_api.ExpandDatasetProperty_T):
        assert alice.dataset_info(dataset, expand=[name]).id == dataset, name
    for name in get_args(hf_api.ExpandSpaceProperty_T):
        assert alice.space_info(space, expand=[name]).id == space, name


def test_unknown_expand_lists_the_known(alice, repo):
    with pytest.raises(BadRequestError) as caught:
        alice.model_info(repo, expand=["unknown"])
    assert 'Invalid option: expected one of "author"|"baseModels"' in str(caught.value)


def test_used_storage_counts_the_large_files(alice, model):
    repo, large = model
    assert alice.model_info(repo, expand=["usedStorage"]).used_storage >= len(large)


def test_dataset_and_space_info(alice, new_repo):
    dataset, space = new_repo("dataset"), new_repo("space")
    card = b"---\nlicense: mit\ntask_categories: [text-classification]\npretty_name: Data\n---\n"
    alice.upload_file(repo_id=dataset, repo_type="dataset", path_or_fileobj=card, path_in_repo="README.md")
    info = alice.dataset_info(dataset)
    assert {"license:mit", "task_categories:text-classification"} <= set(info.tags)
    assert info.card_data["pretty_name"] == "Data"
    info = alice.space_info(space)
    assert (info.id, info.sdk, info.author) == (space, "static", "alice")


def test_lists_of_the_three_kinds(alice, anonymous, new_repo):
    lists = {"model": anonymous.list_models, "dataset": anonymous.list_datasets, "space": anonymous.list_spaces}
    for kind, listing in lists.items():
        public, private = new_repo(kind), new_repo(kind, private=True)
        found = [item.id for item in listing(author="alice")]
        assert public in found
        assert private not in found
    assert private in [item.id for item in alice.list_spaces(author="alice")]


def test_list_filters(alice, anonymous, model):
    repo, _ = model

    def found(**query):
        return repo in [item.id for item in anonymous.list_models(author="alice", **query)]

    assert found(filter="compat-tag")
    assert found(filter=["compat-tag", "license:apache-2.0"])
    assert not found(filter=["compat-tag", "license:mit"])
    assert found(filter="language:fr") and found(filter="fr")
    assert found(pipeline_tag="text-generation") and not found(pipeline_tag="translation")
    assert found(trained_dataset="alice/some-data")
    assert found(search=repo.split("/")[1][:20].upper())
    assert not found(search="no-such-thing")
    assert found(gated=False) and not found(gated=True)
    assert list(anonymous.list_models(author="nobody-at-all")) == []


def test_every_filter_of_models_agrees_with_a_plain_look(alice, anonymous, new_repo):
    """Random models and random questions: the client's lists equal what a look at each model says."""
    import random

    dice = random.Random(7)
    tasks, licenses, languages = ["fill-mask", "text-generation"], ["mit", "apache-2.0"], ["en", "fr", "de"]
    mark = f"mark-{dice.getrandbits(40):x}"
    made = {}
    for number in range(12):
        card = {"tags": [mark, f"odd-{number % 2}"], "language": sorted(dice.sample(languages, dice.randint(1, 3)))}
        card["pipeline_tag"], card["license"] = dice.choice(tasks), dice.choice(licenses)
        card["base_model"], card["datasets"] = f"alice/base-{number % 3}", [f"alice/data-{number % 2}"]
        size = dice.choice([10, 1000])
        repo = new_repo()
        text = "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in card.items()) + "---\n"
        files = {"README.md": text.encode(), "model.safetensors": safetensors({"a": ("F32", [size])})}
        alice.create_commit(repo, [CommitOperationAdd(*file) for file in files.items()], commit_message="all")
        made[repo] = card | {"size": size}
    questions = {
        "filter": lambda card, value: value in card["tags"] + card["language"] + [f"license:{card['license']}"],
        "pipeline_tag": lambda card, value: card["pipeline_tag"] == value,
        "trained_dataset": lambda card, value: value in card["datasets"],
        "num_parameters": lambda card, value: (card["size"] >= 500) == value.startswith("min"),
        "search": lambda card, value: True,
        "gated": lambda card, value: not value,
    }
    values = {
        "filter": ["en", "fr", "odd-1", "license:mit"],
        "pipeline_tag": tasks,
        "trained_dataset": ["alice/data-0", "alice/data-1"],
        "num_parameters": ["min:500", "max:0.5K"],
        "search": ["alice"],
        "gated": [True, False],
    }
    for _ in range(60):
        asked = {name: dice.choice(values[name]) for name in dice.sample(sorted(values), dice.randint(0, 4))}
        fits = {repo for repo, card in made.items() if all(questions[name](card, value) for name, value in asked.items())}
        tags = [mark] + ([asked.pop("filter")] if "filter" in asked else [])
        sort = dice.choice(["created_at", "last_modified", "downloads", "likes", "trending_score"])
        found = [item.id for item in anonymous.list_models(filter=tags, sort=sort, **asked)]
        assert len(found) == len(set(found)) and set(found) == fits, (asked, tags)
    for number in range(3):
        children = {item.id for item in anonymous.list_models(filter=[mark, f"base_model:alice/base-{number}"])}
        assert children == {repo for repo, card in made.items() if card["base_model"] == f"alice/base-{number}"}
    assert list(anonymous.list_models(filter=mark, inference="warm")) == []
    assert list(anonymous.list_models(filter=mark, apps="llama.cpp")) == []


def test_spaces_are_found_by_what_they_use(alice, anonymous, new_repo):
    space, plain = new_repo("space"), new_repo("space")
    card = b"---\nsdk: static\nmodels: [alice/Some-Model]\ndatasets: [alice/some-data]\n---\n"
    alice.upload_file(repo_id=space, repo_type="space", path_or_fileobj=card, path_in_repo="README.md")

    def found(**query):
        return {item.id for item in anonymous.list_spaces(author="alice", **query)} & {space, plain}

    assert found() == {space, plain}
    assert found(models="alice/Some-Model") == found(datasets=["alice/some-data"]) == found(linked=True) == {space}
    assert found(models="alice/other") == found(datasets="alice/other") == set()


def test_list_pages_sorts_and_limits(alice, anonymous, new_repo):
    repos = [new_repo() for _ in range(7)]
    listed = [item.id for item in anonymous.list_models(author="alice", sort="created_at", limit=5)]
    assert len(listed) == 5
    assert listed[:5] == list(reversed(repos))[:5]
    names = {item.id for item in anonymous.list_models(author="alice")}
    assert set(repos) <= names
    for sort in ("last_modified", "downloads", "likes", "trending_score"):
        assert len(list(anonymous.list_models(sort=sort, limit=3))) == 3


def test_list_pages_follow_absolute_links(http, url, new_repo):
    made = {new_repo() for _ in range(5)}
    seen, address = [], "/api/models?author=alice&limit=2"
    while address:
        answer = http.get(address)
        assert answer.status_code == 200
        seen += [item["id"] for item in answer.json()]
        link = answer.links.get("next")
        address = link and link["url"]
        assert address is None or address.startswith(f"{url}/")
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


def test_list_full_and_expand(alice, anonymous, model):
    repo, _ = model
    item = next(i for i in anonymous.list_models(author="alice", full=True, cardData=True) if i.id == repo)
    assert item.sha and item.last_modified and item.siblings and item.card_data["license"] == "apache-2.0"
    item = next(i for i in anonymous.list_models(author="alice", expand=["likes"]) if i.id == repo)
    assert item.likes == 0 and item.tags is None
    item = next(i for i in anonymous.list_models(author="alice", fetch_config=True) if i.id == repo)
    assert item.config["model_type"] == "llama"


def test_get_safetensors_metadata(alice, model):
    repo, _ = model
    metadata = get_safetensors_metadata(repo, token=ALICE)
    assert metadata.sharded is False
    assert metadata.parameter_count == {"F32": 100, "BF16": 7}
    assert metadata.files_metadata["model.safetensors"].tensors["a"].shape == [10, 10]


def test_one_file_is_parsed_whatever_the_length_of_its_header(alice, repo):
    # The client reads 100 kB first, and the rest in a second range.
    long = {f"tensor.{number:05}.{'x' * 60}": ("I8", [1]) for number in range(2000)}
    for name, tensors in {"sub/short.safetensors": {"a": ("F32", [3, 3])}, "long.safetensors": long}.items():
        alice.upload_file(repo_id=repo, path_or_fileobj=safetensors(tensors), path_in_repo=name)
        assert set(alice.parse_safetensors_file_metadata(repo, name).tensors) == set(tensors)


def test_datasets_are_filtered_by_their_cards(alice, anonymous, new_repo):
    repo = new_repo("dataset")
    card = b"---\nlicense: mit\nlanguage: [fr]\nsize_categories: [1K<n<10K]\ntask_categories: [text-classification]\n---\n"
    alice.upload_file(repo_id=repo, repo_type="dataset", path_or_fileobj=card, path_in_repo="README.md")

    def found(**query):
        return {item.id for item in anonymous.list_datasets(author="alice", **query)}

    for query in (
        {"filter": ["license:mit", "language:fr"]},
        {"filter": "size_categories:1K<n<10K"},
        {"filter": "task_categories:text-classification"},
        {"search": repo.split("/")[1]},
        {"gated": False},
    ):
        assert repo in found(**query), query
    assert repo not in found(filter="language:de") | found(gated=True)
    item = next(item for item in anonymous.list_datasets(author="alice", full=True) if item.id == repo)
    assert item.sha and item.siblings and item.card_data["license"] == "mit"


def test_sharded_metadata_in_one_answer(alice, new_repo):
    repo = new_repo()
    shards = {
        "model-00001-of-00002.safetensors": {"a": ("F32", [10, 10])},
        "model-00002-of-00002.safetensors": {"b": ("BF16", [7]), "c": ("I64", [])},
    }
    weight_map = {tensor: name for name, tensors in shards.items() for tensor in tensors}
    index = {"metadata": {"total_size": 422}, "weight_map": weight_map}
    files = {name: safetensors(tensors) for name, tensors in shards.items()}
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    alice.create_commit(repo, operations, commit_message="shards")
    one = alice.get_sharded_safetensors_metadata(repo)
    assert one == alice.get_safetensors_metadata(repo)
    assert one.sharded and one.metadata == {"total_size": 422} and one.weight_map == weight_map
    assert one.parameter_count == {"F32": 100, "BF16": 7, "I64": 1}
    with pytest.raises(EntryNotFoundError):
        alice.get_sharded_safetensors_metadata(repo, filename="other.safetensors.index.json")
    with pytest.raises(HfHubHTTPError) as caught:
        alice.get_sharded_safetensors_metadata(repo, filename=".gitattributes")
    assert caught.value.response.status_code == 422


def test_tags_by_type(anonymous, model):
    assert isinstance(anonymous.get_model_tags(), dict)
    assert isinstance(anonymous.get_dataset_tags(), dict)
