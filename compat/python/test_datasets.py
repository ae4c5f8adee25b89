"""datasets: load CSV and Parquet, stream, push."""

import io

import pyarrow
import pyarrow.parquet
import pytest
from datasets import Dataset, DatasetDict, get_dataset_config_names, get_dataset_split_names, load_dataset
from huggingface_hub import CommitOperationAdd

from people import ALICE

ROWS = 250


def parquet(start: int) -> bytes:
    table = pyarrow.table({"id": list(range(start, start + ROWS)), "text": [f"row {n}" for n in range(ROWS)]})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def csv(start: int) -> bytes:
    return b"id,text\n" + b"".join(b"%d,row %d\n" % (start + n, n) for n in range(ROWS))


@pytest.fixture
def dataset(alice, new_repo):
    def fill(files):
        repo = new_repo("dataset", private=True)
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        alice.create_commit(repo, operations, repo_type="dataset", commit_message="fill")
        return repo

    return fill


def load(repo, tmp_path, **options):
    return load_dataset(repo, token=ALICE, cache_dir=str(tmp_path / "datasets"), **options)


@pytest.mark.parametrize("suffix,make", [("csv", csv), ("parquet", parquet)])
def test_load(dataset, tmp_path, suffix, make):
    repo = dataset({f"data/train-0.{suffix}": make(0), f"data/train-1.{suffix}": make(ROWS), f"data/test.{suffix}": make(9)})
    loaded = load(repo, tmp_path)
    assert loaded["train"].num_rows == 2 * ROWS and loaded["test"].num_rows == ROWS
    assert loaded["train"][ROWS + 1] == {"id": ROWS + 1, "text": "row 1"}


@pytest.mark.parametrize("suffix,make", [("csv", csv), ("parquet", parquet)])
def test_stream(dataset, tmp_path, suffix, make):
    repo = dataset({f"train.{suffix}": make(0)})
    stream = load(repo, tmp_path, split="train", streaming=True)
    assert [row["id"] for row in stream.take(3)] == [0, 1, 2]
    assert sum(1 for _ in stream) == ROWS


def test_configurations_from_the_card(dataset, tmp_path):
    card = b"---\nconfigs:\n- config_name: one\n  data_files: one.csv\n- config_name: two\n  data_files: two/*.csv\n---\n"
    repo = dataset({"README.md": card, "one.csv": csv(0), "two/a.csv": csv(0), "two/b.csv": csv(0)})
    assert get_dataset_config_names(repo, token=ALICE) == ["one", "two"]
    assert get_dataset_split_names(repo, "two", token=ALICE) == ["train"]
    assert load(repo, tmp_path, name="two", split="train").num_rows == 2 * ROWS


def test_revision_and_data_files(alice, dataset, tmp_path):
    repo = dataset({"a.csv": csv(0), "b.csv": csv(1000)})
    alice.create_tag(repo, repo_type="dataset", tag="v1")
    alice.delete_file("b.csv", repo, repo_type="dataset")
    assert load(repo, tmp_path, split="train").num_rows == ROWS
    assert load(repo, tmp_path, split="train", revision="v1").num_rows == 2 * ROWS
    assert load(repo, tmp_path, split="train", data_files="b.csv", revision="v1")[0]["id"] == 1000


def test_push_to_hub(alice, new_name, tmp_path):
    repo = f"alice/{new_name()}"
    rows = Dataset.from_dict({"x": list(range(1000)), "y": [str(n) for n in range(1000)]})
    DatasetDict({"train": rows, "test": rows.select(range(10))}).push_to_hub(repo, private=True, token=ALICE)
    assert alice.dataset_info(repo).private
    assert load(repo, tmp_path)["train"].num_rows == 1000
    # A second push replaces the data and keeps the card.
    rows.select(range(5)).push_to_hub(repo, split="train", token=ALICE)
    again = load_dataset(repo, token=ALICE, cache_dir=str(tmp_path / "again"))
    assert (again["train"].num_rows, again["test"].num_rows) == (5, 10)
    rows.push_to_hub(repo, config_name="second", token=ALICE, num_shards=3)
    assert sorted(get_dataset_config_names(repo, token=ALICE)) == ["default", "second"]
    assert load(repo, tmp_path, name="second", split="train")[999] == {"x": 999, "y": "999"}
