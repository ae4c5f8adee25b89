"""fsspec paths `hf://`: read, write, list, find, change."""

import fsspec
import pytest
from huggingface_hub import HfFileSystem

from content import MEGABYTE, noise
from people import ALICE


@pytest.fixture
def fs(url):
    return HfFileSystem(endpoint=url, token=ALICE, skip_instance_cache=True)


@pytest.fixture
def data(fs, new_repo):
    repo = new_repo("dataset")
    root = f"datasets/{repo}"
    for name in ("a.csv", "sub/b.csv", "sub/deep/c.json"):
        with fs.open(f"{root}/{name}", "w") as file:
            file.write(f"in {name}")
    return root


def test_write_and_read(fs, data):
    with fs.open(f"{data}/new/text.txt", "w") as file:
        file.write("one\ntwo\n")
    assert fs.read_text(f"{data}/new/text.txt") == "one\ntwo\n"
    with fs.open(f"{data}/large.bin", "wb") as file:
        file.write(noise(6 * MEGABYTE))
    with fs.open(f"{data}/large.bin", "rb", block_size=MEGABYTE) as file:
        assert file.size == 6 * MEGABYTE
        file.seek(5 * MEGABYTE + 3)
        assert file.read(100) == noise(6 * MEGABYTE)[5 * MEGABYTE + 3 :][:100]
    with fs.open(f"{data}/large.bin", "rb", block_size=0) as stream:
        assert stream.read() == noise(6 * MEGABYTE)
    assert fs.cat_file(f"{data}/large.bin", start=10, end=20) == noise(6 * MEGABYTE)[10:20]


def test_lists(fs, data):
    assert {path.removeprefix(data) for path in fs.ls(data, detail=False)} == {"/.gitattributes", "/a.csv", "/sub"}
    assert [path.removeprefix(data) for path in fs.glob(f"{data}/**/*.csv")] == ["/a.csv", "/sub/b.csv"]
    assert {path.removeprefix(data) for path in fs.find(f"{data}/sub")} == {"/sub/b.csv", "/sub/deep/c.json"}
    walked = {root.removeprefix(data): (sorted(dirs), sorted(files)) for root, dirs, files in fs.walk(f"{data}/sub")}
    assert walked == {"/sub": (["deep"], ["b.csv"]), "/sub/deep": ([], ["c.json"])}
    assert fs.du(f"{data}/sub") == len("in sub/b.csv") + len("in sub/deep/c.json")


def test_info(fs, data):
    info = fs.info(f"{data}/a.csv")
    assert (info["type"], info["size"]) == ("file", len("in a.csv"))
    assert fs.info(f"{data}/sub")["type"] == "directory"
    assert fs.info(data)["type"] == "directory"
    assert fs.isfile(f"{data}/a.csv") and fs.isdir(f"{data}/sub")
    assert not fs.exists(f"{data}/none") and not fs.exists("datasets/alice/never-made/x")
    detailed = fs.ls(data, detail=True, expand_info=True, refresh=True)
    assert next(i for i in detailed if i["name"].endswith("a.csv"))["last_commit"].title
    assert fs.modified(f"{data}/a.csv")
    with pytest.raises(FileNotFoundError):
        fs.info(f"{data}/none")


def test_change(fs, data, tmp_path):
    fs.cp_file(f"{data}/a.csv", f"{data}/copied.csv")
    assert fs.read_text(f"{data}/copied.csv") == "in a.csv"
    fs.mv(f"{data}/copied.csv", f"{data}/moved.csv")
    assert fs.exists(f"{data}/moved.csv") and not fs.exists(f"{data}/copied.csv")
    fs.rm(f"{data}/moved.csv")
    fs.rm(f"{data}/sub", recursive=True)
    assert {path.removeprefix(data) for path in fs.find(data)} == {"/.gitattributes", "/a.csv"}
    fs.get_file(f"{data}/a.csv", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_text() == "in a.csv"
    fs.put_file(str(tmp_path / "a.csv"), f"{data}/put.csv")
    assert fs.read_text(f"{data}/put.csv") == "in a.csv"


def test_revisions(fs, alice, data):
    repo = data.removeprefix("datasets/")
    alice.create_branch(repo, repo_type="dataset", branch="x/y")
    with fs.open(f"{data}@x%2Fy/only.txt", "w") as file:
        file.write("there")
    assert fs.exists(f"{data}@x%2Fy/only.txt")
    assert not fs.exists(f"{data}/only.txt")
    assert fs.read_text(f"{data}/only.txt", revision="x/y") == "there"


def test_any_fsspec_user(data, url):
    options = {"endpoint": url, "token": ALICE}
    with fsspec.open(f"hf://{data}/a.csv", "rt", **options) as file:
        assert file.read() == "in a.csv"
    import pandas

    with fsspec.open(f"hf://{data}/table.csv", "w", **options) as file:
        file.write("x,y\n1,2\n3,4\n")
    assert pandas.read_csv(f"hf://{data}/table.csv", storage_options=options)["y"].sum() == 6
