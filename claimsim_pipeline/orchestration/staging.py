"""Frames between assets: one Parquet file per window and stage, never a pickle.

Dagster's own ``UPathIOManager`` refuses an output of several partitions, which
a backfill in one run has. The choices of the run travel in each file's
metadata, so that every stage sees the same ones, whoever materializes it.
"""

import errno
import io
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.errors import ClaimsimError, DiskFull, FolderNotWritable, PartitionKeyError
from claimsim_pipeline.orchestration.choices import Choices
from claimsim_pipeline.orchestration.run import SimulationRun

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from upath import UPath

_KEY = re.compile(r"\d{4}-\d{2}-\d{2}-\d{2}:\d{2}([+-]\d{4})?")
_STAGE = re.compile(r"[a-z_]+")
_CHOICES = b"claimsim.choices"


@dataclass(frozen=True)
class Batch:
    """Windows that share their choices, with the rows of all of them.

    Attributes:
        choices: Of the run that sampled them.
        keys: Partition keys, oldest first.
        frame: Rows of all windows; window after window.
        counts: How many rows belong to each window, in the order of ``keys``.
    """

    choices: Choices
    keys: Sequence[str]
    frame: "pd.DataFrame"
    counts: Sequence[int]

    def windows(self) -> Iterator[tuple[str, "pd.DataFrame"]]:
        """Each window's key and rows."""
        for key, first, end in self.spans():
            yield key, self.frame.iloc[first:end]

    def spans(self) -> Iterator[tuple[str, int, int]]:
        """Each window's key and the range of its rows."""
        first = 0
        for key, count in zip(self.keys, self.counts, strict=True):
            yield key, first, first + count
            first += count


@dataclass(frozen=True)
class Staged:
    """What one stage made in one run: mostly a single batch."""

    batches: Sequence[Batch]


class StagedWindows(dg.IOManager):
    """Keeps the frames of a stage under ``<base>/<asset>/<window>.parquet``.

    Args:
        base: Local folder, or the URL of one in an object store.
        run: Told of failures, for the run log.
    """

    def __init__(self, base: str, run: SimulationRun) -> None:
        """Remember where; nothing is made yet."""
        self._base = base
        self._run = run

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write one file per window, each whole or not at all."""
        if not isinstance(obj, Staged):
            raise TypeError(f"{context.asset_key} gave a {type(obj).__name__}, not Staged")
        with self._run.telling():
            folder = self._folder(context.asset_key)
            for batch in obj.batches:
                write(folder, batch)

    def load_input(self, context: dg.InputContext) -> Staged:
        """Read the windows of this run, those with equal choices together."""
        with self._run.telling():
            folder = self._folder(context.asset_key)
            return gather([(key, folder / _file(key)) for key in context.asset_partition_keys])

    def _folder(self, asset_key: dg.AssetKey) -> "UPath":
        from upath import UPath

        stage = asset_key.path[-1]
        if not _STAGE.fullmatch(stage):
            raise ValueError(f"{stage!r} is no stage")
        return UPath(self._base) / stage


def write(folder: "UPath", batch: Batch) -> None:
    """Put each window's rows into a file of its own, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(batch.frame, preserve_index=False)
    notes = {**(table.schema.metadata or {}), _CHOICES: batch.choices.to_json().encode()}
    table = table.replace_schema_metadata(notes)
    for key, first, end in batch.spans():
        sink = io.BytesIO()
        rows = table.slice(first, end - first)
        pq.write_table(rows, sink, compression="zstd", use_dictionary=False, write_statistics=False)
        path = folder / _file(key)
        with _explained(path):
            _replace(path, sink.getvalue())


def gather(files: Sequence[tuple[str, "UPath"]]) -> Staged:
    """The windows' rows, one frame per set of equal choices."""
    groups: dict[str, list[tuple[str, pa.Table]]] = {}
    for key, path in files:
        table = _read(key, path)
        groups.setdefault(table.schema.metadata[_CHOICES].decode(), []).append((key, table))
    return Staged([_batch(text, tables) for text, tables in groups.items()])


def _batch(choices: str, tables: Sequence[tuple[str, "pa.Table"]]) -> Batch:
    import pyarrow as pa

    from claimsim_pipeline.storage.frames import to_pandas

    whole = pa.concat_tables([table for _, table in tables], promote_options="permissive")
    keys = [key for key, _ in tables]
    counts = [len(table) for _, table in tables]
    return Batch(Choices.from_json(choices), keys, to_pandas(whole), counts)


def _read(key: str, path: "UPath") -> "pa.Table":
    import pyarrow.parquet as pq

    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ClaimsimError(
            f"Nothing is staged for the window {key!r} at {path}. Materialize the asset before "
            "this one for that window first, or the whole job simulate_claims."
        ) from None
    with pq.ParquetFile(io.BytesIO(content)) as file:
        return file.read(use_threads=False)


def _file(key: str) -> str:
    """A file's name for a window; only what has the shape of a key becomes a name."""
    if not _KEY.fullmatch(key):
        raise PartitionKeyError(f"{key[:40]!r} is no window, so nothing is staged for it.")
    return f"{key.replace(':', '')}.parquet"


def _replace(path: "UPath", content: bytes) -> None:
    """Write a file whole: by a rename where there is one, else by a single put."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.protocol not in ("", "file"):
        path.write_bytes(content)
        return
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.writing")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def _explained(path: "UPath") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"No space left to stage {path}; the file of before, if any, is untouched. "
                "Free some space, then materialize the window again."
            ) from error
        raise FolderNotWritable(
            f"Cannot stage {path} ({error.strerror or error}). Check the folder's permissions, "
            "or set SIM_HOME."
        ) from error
