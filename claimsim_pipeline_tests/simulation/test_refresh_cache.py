"""The Parquet cache of scores: replaced whole or not at all, the one before kept."""

from __future__ import annotations

import errno
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from claimsim_pipeline.errors import DiskFull, FolderNotWritable
from claimsim_pipeline.simulation.score_cache import SCHEMA, ScoreCache


def scores(*ids: str, version: str | None = "iforest-1") -> pd.DataFrame:
    value = 0.1 if version else None
    return pd.DataFrame(
        {
            "claim_id": list(ids), "ml_score": value, "ml_score_normalized": value,
            "model_version": version, "los": 3,
        }
    ).astype({"ml_score": "float64", "ml_score_normalized": "float64"})  # fmt: skip


def write(path: Path, *chunks: pd.DataFrame) -> None:
    with ScoreCache(path) as cache:
        for chunk in chunks:
            cache.add(chunk)
        cache.complete()
        cache.publish()


def ids(path: Path) -> list[str]:
    return pq.read_table(path)["claim_id"].to_pylist()


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_chunks_become_one_file_of_the_contracts_columns(tmp_path: Path) -> None:
    path = tmp_path / "data" / "scores.parquet"
    write(path, scores("a", "b"), scores("c"))
    assert ids(path) == ["a", "b", "c"]
    assert pq.read_schema(path).names == SCHEMA.names
    assert files(path.parent) == {"scores.parquet"}


def test_an_empty_feed_makes_an_empty_cache(tmp_path: Path) -> None:
    write(tmp_path / "s.parquet")
    assert ids(tmp_path / "s.parquet") == []


def test_scores_by_rules_only_are_null(tmp_path: Path) -> None:
    write(tmp_path / "s.parquet", scores("a", version=None))
    assert pq.read_table(tmp_path / "s.parquet")["ml_score"].to_pylist() == [None]


def test_the_cache_of_before_stays_as_previous(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    for name in ("a", "b", "c"):
        write(path, scores(name))
    assert ids(path) == ["c"]
    assert ids(tmp_path / "s.parquet.previous") == ["b"]
    assert files(tmp_path) == {"s.parquet", "s.parquet.previous"}


def test_a_reader_of_the_old_cache_reads_on(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write(path, scores("a"))
    with pq.ParquetFile(path) as reader:
        write(path, scores("b"))
        assert reader.read()["claim_id"].to_pylist() == ["a"]


def test_whatever_goes_wrong_leaves_the_old_cache_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    write(path, scores("a"))
    with pytest.raises(RuntimeError), ScoreCache(path) as cache:
        cache.add(scores("b"))
        raise RuntimeError
    assert ids(path) == ["a"]
    assert files(tmp_path) == {"s.parquet"}


def test_a_full_disk_leaves_the_old_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.parquet"
    write(path, scores("a"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(DiskFull, match="untouched"):
        write(path, scores("b"))
    assert ids(path) == ["a"]
    assert files(tmp_path) == {"s.parquet"}


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(FolderNotWritable, match="SIM_SCORES_PATH"):
        write(tmp_path / "data" / "s.parquet", scores("a"))


def test_drafts_of_refreshes_that_were_killed_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".s.parquet.999999999.writing").write_text("half")
    write(tmp_path / "s.parquet", scores("a"))
    assert files(tmp_path) == {"s.parquet"}
