"""Whatever people, files and tables hold: it stays text on its way from the base to the stream."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from claimsim_pipeline.demo.seed import seed_database
from claimsim_pipeline.errors import ClaimsimError, SettingsError, UsageError
from claimsim_pipeline.generation.mutator import Mutator
from claimsim_pipeline.scoring.rules import RULESET
from claimsim_pipeline.settings import load_settings
from claimsim_pipeline.simulation.ad_hoc import Makers
from claimsim_pipeline.simulation.clock import StopRequest
from claimsim_pipeline.simulation.plan import RunSpec
from claimsim_pipeline.simulation.publication import Publisher, publish_windows
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.simulation.window_run import scored_windows
from claimsim_pipeline.simulation.windows import current_window
from claimsim_pipeline.storage.manifests import load_manifest
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.examples import examples
from claimsim_pipeline_tests.orchestration.conftest import FixedClock

NOW = datetime(2026, 11, 23, 1, 10, tzinfo=UTC)
JAKARTA = ZoneInfo("Asia/Jakarta")
NASTY = [
    "'; DROP TABLE claims_live_stream; --",
    '"quoted" \\ back`tick`',
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "a\x1b[31mred\r\n\t\x07",
    "🏥 RS Ibu & Anak 👶🏽",
    "%s {0} ${HOME} $(id) {columns}",
    "\u202egnp.exe",
    "long " + "x" * 1_000,
]
HUGE = "é" * 5_000_000
TEXTS = ("facility_name", "province_name", "dx_primary_label")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("base") / "a.duckdb"
    seed_database(path, rows=300)
    return path.read_bytes()


def test_the_content_of_the_base_stays_text(base: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    path.write_bytes(base)
    with duckdb.connect(str(path)) as connection:
        changes = ", ".join(f"{c} = ($1)[1 + (rowid + {i}) % len($1)]" for i, c in enumerate(TEXTS))
        connection.execute(f"UPDATE claims_normalized SET {changes}", [NASTY])
        connection.execute("UPDATE claims_normalized SET facility_name = ? WHERE rowid = 0", [HUGE])
    store = ClaimStore(path, timezone="Asia/Jakarta", rules=RULESET)
    window = current_window(NOW, JAKARTA)
    batch = scored_windows(
        [window],
        RunSpec(max_claims=60, interval_seconds=20, duration_seconds=1800),
        "run",
        store=store,
        makers=Makers(Mutator(), None),
        clock=FixedClock(NOW),
        timezone="Asia/Jakarta",
    )

    record = RunRecord("run", RunSpec(), str(path), False, "Asia/Jakarta", NOW)
    publish = Publisher(store, record, FixedClock(window.end))
    publish_windows(publish, batch, [window.start], live=False, stop=StopRequest())
    with duckdb.connect(str(path), read_only=True) as connection:
        held = connection.execute(f"SELECT {', '.join(TEXTS)} FROM claims_live_stream").fetchall()
        (rows,) = connection.execute("SELECT count(*) FROM claims_high_risk").fetchall()
    found = {text for row in held for text in row}
    assert found <= {*NASTY, HUGE}
    assert len(found) > len(NASTY) / 2
    assert rows == (300 + len(held),)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("a.duckdb")] == []


@examples(40, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.one_of(st.text(max_size=60), st.sampled_from(NASTY), st.just(HUGE)),
    key=st.sampled_from(
        ["SIM_CLAIM_PREFIX", "SIM_TIMEZONE", "SIM_FRAUD_PROFILE", "SIM_MAX_CLAIMS"]
    ),
)
def test_a_setting_is_taken_as_allowed_or_refused_in_a_short_sentence(text: str, key: str) -> None:
    try:
        taken = load_settings({key: text}, dotenv=None)
    except SettingsError as refused:
        assert len(str(refused)) < 1_000
        assert "\x1b" not in str(refused)
        return
    prefix = taken.claim_prefix
    assert prefix.isascii()
    assert prefix.isalnum()
    assert prefix.upper() == prefix


@examples(40)
@given(text=st.one_of(st.text(max_size=60), st.sampled_from(NASTY)))
def test_a_run_to_resume_is_an_id_and_never_a_path(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ClaimsimError) as refused:
        load_manifest(Path(folder), text)
    assert isinstance(refused.value, UsageError)
    assert len(str(refused.value)) < 300
