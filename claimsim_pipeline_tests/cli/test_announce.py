"""What a run tells the terminal, claim by claim."""

from __future__ import annotations

import io
from datetime import timedelta

import pandas as pd
import pytest
from rich.console import Console

from claimsim_pipeline.cli.announce import show_claims
from claimsim_pipeline.composition import run_record, run_spec
from claimsim_pipeline.insight.progress import progress
from claimsim_pipeline.settings import load_settings
from claimsim_pipeline_tests.insight.live_store import NOW


@pytest.mark.parametrize(("live", "told"), [(True, "mutator · 90.0 s late"), (False, "mutator")])
def test_only_a_live_run_is_late(environ: dict[str, str], live: bool, told: str) -> None:
    settings = load_settings(environ, dotenv=None)
    record = run_record(settings, "0123456789ab", run_spec(settings), NOW)
    due = pd.Series([NOW - timedelta(seconds=90)], dtype="datetime64[us, UTC]")
    console = Console(file=io.StringIO(), width=100, force_terminal=True, no_color=True)
    with progress(console, "Simulating", 1) as reporter:
        show_claims(reporter, record, live=live)(
            pd.DataFrame({"due_at": due, "generator": ["mutator"]}), NOW
        )
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert told in said
    assert live or "late" not in said
