"""Frames between assets: whole files, types kept, keys that are no paths."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from upath import UPath

from claimsim_pipeline.errors import ClaimsimError, FolderNotWritable, PartitionKeyError
from claimsim_pipeline.orchestration.choices import Choices
from claimsim_pipeline.orchestration.staging import Batch, _file, gather, write
from claimsim_pipeline.simulation.plan import RunSpec

KEYS = ["2026-11-20-08:00", "2026-11-20-08:30"]


def _batch(seed: int | None = None, keys: list[str] | None = None) -> Batch:
    frame = pd.DataFrame(
        {
            "claim_id": pd.Series(["SIM-1", "SIM-2", "SIM-3"], dtype="str"),
            "facility_key": np.array([1, 2**63, 2**64 - 1], dtype=np.uint64),
            "codes": pd.Series([["E119"], [], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
            "due_at": pd.Series(pd.to_datetime(["2026-11-20T01:00:00.123456Z"] * 3)).astype(
                "datetime64[us, UTC]"
            ),
            "scenario": pd.Series([None, "cloning", None], dtype="str"),
            "is_fraud": [True, False, True],
        }
    )
    return Batch(Choices(RunSpec(seed=seed)), keys or KEYS, frame, [1, 2])


@pytest.fixture(params=["folder", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> UPath:
    return UPath(tmp_path if request.param == "folder" else f"memory://{tmp_path.name}")


def _files(folder: UPath, keys: list[str]) -> list[tuple[str, UPath]]:
    return [(key, folder / _file(key)) for key in keys]


def test_what_is_written_is_what_is_read(folder: UPath) -> None:
    batch = _batch()
    write(folder, batch)
    (read,) = gather(_files(folder, KEYS)).batches
    pd.testing.assert_frame_equal(read.frame, batch.frame)
    assert (read.keys, read.counts, read.choices) == (KEYS, [1, 2], batch.choices)


def test_windows_with_other_choices_stay_apart(folder: UPath) -> None:
    write(folder, _batch(seed=1))
    later = [k.replace("-20-", "-21-") for k in KEYS]
    write(folder, _batch(seed=2, keys=later))
    staged = gather(_files(folder, KEYS + later))
    assert [batch.choices.spec.seed for batch in staged.batches] == [1, 2]


def test_nothing_but_whole_files_is_left(tmp_path: Path) -> None:
    write(UPath(tmp_path), _batch())
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "2026-11-20-0800.parquet",
        "2026-11-20-0830.parquet",
    ]


def test_a_missing_window_says_what_to_materialize(tmp_path: Path) -> None:
    with pytest.raises(ClaimsimError, match="simulate_claims"):
        gather(_files(UPath(tmp_path), KEYS))


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "staging").write_text("not a folder")
    with pytest.raises(FolderNotWritable, match="SIM_HOME"):
        write(UPath(tmp_path / "staging"), _batch())


@pytest.mark.parametrize(
    "key",
    ["../../etc/passwd", "2026-11-20-08:00/../x", "2026-11-20-08:00\n", "", "💉" * 40, "x" * 10**6],
)
def test_hostile_keys_never_become_paths(key: str) -> None:
    with pytest.raises(PartitionKeyError) as caught:
        _file(key)
    assert len(str(caught.value)) < 200
