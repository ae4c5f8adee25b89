"""transformers: configuration and tokenizer from a repository."""

import json

import pytest
from huggingface_hub import CommitOperationAdd
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerFast

from people import ALICE


@pytest.fixture(scope="module")
def model(alice):
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "hello": 1, "world": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 32, "num_attention_heads": 4}
    files = {
        "config.json": json.dumps(config),
        "tokenizer.json": tokenizer.to_str(),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}),
    }
    repo = alice.create_repo("alice/transformers-compat", private=True, exist_ok=True).repo_id
    operations = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
    alice.create_commit(repo, operations, commit_message="a tiny model")
    return repo


def test_config(model, cache):
    config = AutoConfig.from_pretrained(model, token=ALICE, cache_dir=cache)
    assert (config.model_type, config.hidden_size) == ("bert", 32)


def test_tokenizer(model, cache):
    tokenizer = AutoTokenizer.from_pretrained(model, token=ALICE, cache_dir=cache)
    assert tokenizer("hello world again")["input_ids"] == [1, 2, 0]


def test_push_to_hub(alice, model, new_name, cache):
    repo = f"alice/{new_name()}"
    tokenizer = AutoTokenizer.from_pretrained(model, token=ALICE, cache_dir=cache)
    tokenizer.push_to_hub(repo, token=ALICE)
    config = AutoConfig.from_pretrained(model, token=ALICE, cache_dir=cache)
    config.push_to_hub(repo, token=ALICE)
    assert {"config.json", "tokenizer.json"} <= set(alice.list_repo_files(repo))
    again = PreTrainedTokenizerFast.from_pretrained(repo, token=ALICE, cache_dir=cache)
    assert again("world")["input_ids"] == [2]


def test_missing_models_say_so(cache):
    with pytest.raises(OSError, match="is not a local folder and is not a valid model identifier"):
        AutoConfig.from_pretrained("alice/never-made", token=ALICE, cache_dir=cache)
