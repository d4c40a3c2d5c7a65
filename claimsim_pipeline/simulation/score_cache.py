"""The Parquet cache of ML scores while it is being written.

Chunks go to a file beside the cache; the cache's name changes hands only when that file is whole,
so a reader sees the scores of before or those of now. Whatever goes wrong leaves the old cache.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from claimsim_pipeline.errors import DiskFull, FolderNotWritable

SCHEMA = pa.schema(
    [
        ("claim_id", pa.string()),
        ("ml_score", pa.float64()),
        ("ml_score_normalized", pa.float64()),
        ("model_version", pa.string()),
    ]
)


class ScoreCache:
    """One replacement of the cache: add chunks, complete, publish.

    Attributes:
        rows: Added so far.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to replace the cache at a path."""
        self.path = path
        self.rows = 0
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.writing")
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        """Open the file beside the cache."""
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            self._writer = pq.ParquetWriter(self._draft, SCHEMA, compression="zstd")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind but the cache."""
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError:
            if error is None:
                raise
        finally:
            self._draft.unlink(missing_ok=True)

    def add(self, scored: pd.DataFrame) -> None:
        """Write a chunk of scored claims."""
        table = pa.Table.from_pandas(
            scored.loc[:, SCHEMA.names], schema=SCHEMA, preserve_index=False
        )
        with self._explained():
            assert self._writer is not None
            self._writer.write_table(table)
        self.rows += len(scored)

    def complete(self) -> Path:
        """Finish the file; it is not the cache yet."""
        with self._explained():
            assert self._writer is not None
            self._writer.close()
            self._writer = None
        return self._draft

    def publish(self) -> None:
        """Give the file the cache's name; the cache of before stays as `.previous`."""
        with self._explained():
            if self.path.exists():
                self._keep_previous()
            self._draft.replace(self.path)

    def _keep_previous(self) -> None:
        """A second name for the old file, so that the cache is never missing in between."""
        second = self._draft.with_suffix(".previous")
        second.unlink(missing_ok=True)
        try:
            second.hardlink_to(self.path)
        except OSError:
            shutil.copyfile(self.path, second)
        second.replace(self.path.with_name(self.path.name + ".previous"))

    def _sweep(self) -> None:
        """Remove what refreshes that were killed left behind."""
        for draft in self.path.parent.glob(f".{self.path.name}.*.writing"):
            if not _alive(draft.name.split(".")[-2]):
                draft.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(
                    f"no space left for the scores beside {self.path}; the scores of before are "
                    "untouched: free some space and refresh again"
                ) from error
            raise FolderNotWritable(
                f"cannot write {self.path} ({error.strerror or error}); check the folder's "
                "permissions, or set SIM_SCORES_PATH"
            ) from error


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True
