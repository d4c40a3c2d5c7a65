"""A small database with simulated claims, for what people look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.storage.claims import batch, make_base, open_store

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
HOSTILE = "[red]RS</script><img src=x onerror=\"alert(1)\">\x1b[2J\u202e & 'Ümit' 🏥"


def published(folder: Path, ids: Sequence[str] = ("SIM-1", "SIM-2"), **changed: Any) -> ClaimStore:
    """A store whose stream holds these claims, published a second after they were due."""
    path = make_base(folder / "analytics.duckdb", rows=50, prepared=True)
    store = open_store(path, deadline_seconds=0.2)
    add(store, ids, **changed)
    return store


def add(store: ClaimStore, ids: Sequence[str], at: datetime = NOW, **changed: Any) -> None:
    """More claims, all published at a moment."""
    if ids:
        told = {
            "facility_name": "RS Contoh",
            "province_name": "BALI",
            "dx_primary_code": "I10",
            "dx_primary_label": "Hypertension",
            "severity_group": "ringan",
            "peer_p90": 200_000.0,
            "amount_paid": 250_000.0,
            "risk_score": 0.8,
            **changed,
        }
        made = batch(list(ids), first_due=at - timedelta(seconds=1), **told)
        made["due_at"] = made["due_at"].iloc[0]
        store.publish(made, published_at=at)
