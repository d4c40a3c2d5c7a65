"""A small ``claims_normalized`` and stores on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import make_base, open_store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with 2,000 claims in the usual columns."""
    return make_base(tmp_path / "analytics.duckdb")


@pytest.fixture
def store(database: Path) -> ClaimStore:
    """A prepared store on it."""
    return open_store(make_base(database, prepared=True))


@pytest.fixture
def query(database: Path) -> Callable[[str], list[tuple[object, ...]]]:
    """Ask the database what a dashboard would ask."""
    from claimsim_pipeline_tests.storage.claims import ask

    return lambda text: ask(database, text)
