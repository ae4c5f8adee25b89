"""The feed of public changes and the export, as somebody who studies the ecosystem uses them."""

import io

import pyarrow.parquet as parquet


def follow(http, cursor=None):
    """Every change after a cursor, and the cursor to go on from."""
    changes = []
    while True:
        page = http.get("/api/changes", params={"limit": 500} | ({"cursor": cursor} if cursor else {})).raise_for_status().json()
        changes += page["changes"]
        cursor = page["cursor"]
        if not page["more"]:
            return changes, cursor


def test_the_export_and_the_feed_agree(alice, http):
    public = alice.create_repo("alice/studied", exist_ok=True).repo_id
    private = alice.create_repo("alice/not-studied", private=True, exist_ok=True).repo_id
    card = b"---\npipeline_tag: fill-mask\nlicense: mit\ntags: [studied]\n---\n# Studied\n"
    alice.upload_file(repo_id=public, path_or_fileobj=card, path_in_repo="README.md")

    table = http.get("/api/export/models.parquet").raise_for_status().content
    file = parquet.ParquetFile(io.BytesIO(table))
    rows = {row["id"]: row for row in file.read().to_pylist()}
    assert public in rows and private not in rows
    row = rows[public]
    assert (row["author"], row["pipeline_tag"]) == ("alice", "fill-mask")
    assert {"studied", "license:mit"} <= set(row["tags"])
    assert row["sha"] == alice.model_info(public).sha

    # Whoever goes on from the export's own cursor misses nothing.
    cursor = file.metadata.metadata[b"hearth.changes.cursor"].decode()
    alice.update_repo_settings(public, private=True)
    changes, cursor = follow(http, cursor)
    assert {"id": public, "removed": True}.items() <= next(one for one in changes if one["id"] == public).items()
    alice.update_repo_settings(public, private=False)
    changes, _ = follow(http, cursor)
    assert [(one["id"], one["removed"]) for one in changes if one["id"] == public] == [(public, False)]

    everything, _ = follow(http)
    names = [one["id"] for one in everything if one["type"] == "model" and not one["removed"]]
    assert sorted(names) == sorted(set(rows) | {public})
    assert private not in [one["id"] for one in everything]
