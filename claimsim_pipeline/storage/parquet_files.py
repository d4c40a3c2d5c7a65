"""Parquet files that others read while we replace them: whole, or as they were."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from claimsim_pipeline.errors import DiskFull, StoreError


def replace_parquet(path: Path, table: pa.Table) -> None:
    """Put a table at ``path`` in one step; a reader sees the old file or the new one.

    Raises:
        DiskFull: There is no space for it; the old file is there.
        StoreError: It cannot be written for another reason.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, draft, compression="zstd")
        draft.replace(path)
    except OSError as error:
        kind = DiskFull if error.errno == errno.ENOSPC else StoreError
        raise kind(
            f"{path} cannot be written ({error.strerror or error}). Free space, or set "
            "SIM_FEED_SNAPSHOT to a file in a folder of your own; the claims themselves are in "
            "the database."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
