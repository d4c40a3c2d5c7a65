"""The current window live, the past at once, and what a run that is cut short leaves."""

import json
from datetime import timedelta

import dagster as dg
import pytest

from claimsim_pipeline.errors import StoreBusy
from claimsim_pipeline.insight.scorecard import RunningScorecard
from claimsim_pipeline.orchestration import events
from claimsim_pipeline.orchestration.names import Measure
from claimsim_pipeline.storage.lease import Lease
from claimsim_pipeline.storage.store import ClaimStore
from claimsim_pipeline_tests.orchestration.conftest import NOW, Finished, Location, failure_of

CURRENT, PAST = "2026-11-23-08:00", "2026-11-23-07:30"


@pytest.mark.slow
def test_the_current_window_is_published_as_it_falls_due(location: Location) -> None:
    result = location.run(
        "simulate_claims", CURRENT, duration_seconds=1800.0, interval_seconds=120.0, jitter=0.0
    )
    assert result.success
    late = location.query("SELECT due_at, published_at FROM claims_live_truth ORDER BY due_at")
    assert all(published == due for due, published in late if due > NOW)
    assert all(published == NOW for due, published in late if due <= NOW)
    (event,) = result.asset_materializations_for_node("claims_live_stream")
    assert event.metadata[Measure.WORST_LATENESS].value == 600.0


def scorecard_of(event: dg.AssetMaterialization) -> tuple[object, ...]:
    """Planted, caught and false alarms, as the UI plots them."""
    names = (Measure.PLANTED, Measure.CAUGHT, Measure.FALSE_ALARMS)
    return tuple(event.metadata[name].value for name in names)


def counted_in_tables(location: Location) -> tuple[object, ...]:
    (counts,) = location.query(
        "SELECT count_if(is_fraud), count_if(is_fraud AND risk_score >= 0.7), "
        "count_if(NOT is_fraud AND risk_score >= 0.7) "
        "FROM claims_live_truth JOIN claims_live_scores USING (claim_id)"
    )
    return counts


def test_a_run_carries_its_scorecard_per_scenario_and_per_service_type(
    two_windows: Finished,
) -> None:
    *_, event = two_windows.result.asset_materializations_for_node("claims_live_stream")
    assert scorecard_of(event) == counted_in_tables(two_windows.location)
    for kind, column in (("scenario", "fraud_scenario"), ("service type", "service_type")):
        counted = two_windows.location.query(
            f"SELECT coalesce({column}, 'honest'), count(*) FROM claims_live_truth "
            "JOIN claims_live_stream USING (claim_id) GROUP BY ALL"
        )
        table = event.metadata[f"scorecard by {kind}"]
        assert isinstance(table, dg.TableMetadataValue)
        shown = {record.data[kind]: record.data["claims"] for record in table.records}
        assert shown == dict(counted)


def test_past_windows_are_published_at_once(two_windows: Finished) -> None:
    moments = two_windows.location.query("SELECT DISTINCT published_at FROM claims_live_truth")
    assert moments == [(NOW,)]
    assert two_windows.location.clock.now() == NOW


@pytest.mark.slow
def test_a_range_up_to_now_waits_for_the_current_window_only(location: Location) -> None:
    result = location.run(
        "simulate_claims", PAST, to=CURRENT, duration_seconds=1800.0, interval_seconds=150.0
    )
    assert result.success
    ((before, after),) = location.query(
        "SELECT count_if(published_at = due_at), count_if(window_start < '2026-11-23 01:00:00+00' "
        "AND published_at > '2026-11-23 01:10:00+00') FROM claims_live_truth"
    )
    assert before > 0
    assert after == 0
    assert location.clock.now() > NOW + timedelta(minutes=10)


@pytest.mark.slow
def test_a_run_that_fails_midway_still_tells_what_it_published(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, calls = ClaimStore.publish, []

    def busy_at_the_third(self, batch, *, published_at):
        calls.append(len(batch))
        if len(calls) == 3:
            raise StoreBusy("somebody holds the file")
        return publish(self, batch, published_at=published_at)

    monkeypatch.setattr(ClaimStore, "publish", busy_at_the_third)
    result = location.run(
        "simulate_claims", CURRENT, duration_seconds=1800.0, interval_seconds=150.0
    )
    assert failure_of(result) == "somebody holds the file"
    line = json.loads(location.settings.log_path.read_text())
    assert (line["status"], line["inserted_claims"]) == ("failed", sum(calls[:2]))
    (record,) = location.instance.fetch_observations(
        dg.AssetKey("claims_live_stream"), limit=5
    ).records
    assert record.asset_observation.metadata[Measure.INSERTED].value == sum(calls[:2])
    monkeypatch.undo()
    location.run("simulate_claims", CURRENT, duration_seconds=1800.0, interval_seconds=150.0)
    assert location.query("SELECT count(*), count(DISTINCT claim_id) FROM claims_live_stream") == [
        (12, 12)
    ]


@pytest.mark.slow
def test_one_simulation_at_a_time_and_the_holder_is_named(make_location) -> None:
    location = make_location(SIM_LEASE_WAIT_SECONDS="0")
    with Lease(location.settings.duckdb_path, run_id="0123456789ab"):
        said = failure_of(location.run("simulate_claims", PAST))
    assert "0123456789ab" in said
    assert location.run("simulate_claims", PAST).success


def test_claims_injected_from_now_do_not_belong_to_a_window(location: Location) -> None:
    result = location.run("inject_claims", duration_seconds=60.0, interval_seconds=20.0, jitter=0.0)
    assert result.success
    assert location.query("SELECT count(*), count(window_start) FROM claims_live_truth") == [(3, 0)]
    (record,) = location.instance.fetch_materializations(
        dg.AssetKey("claims_live_stream"), limit=5
    ).records
    assert record.asset_materialization.metadata[Measure.INSERTED].value == 3
    assert record.partition_key is None
    assert scorecard_of(record.asset_materialization) == counted_in_tables(location)


@pytest.mark.slow
def test_pruning_takes_old_claims_and_tells_the_gate(location: Location) -> None:
    location.run("simulate_claims", "2026-01-02-08:00")
    assert location.run("prune_old_claims", dry_run=True).success
    assert location.query("SELECT count(*) FROM claims_live_stream") == [(12,)]
    assert location.run("prune_old_claims", older_than_days=0.0).success
    assert location.query("SELECT count(*) FROM claims_live_stream") == [(0,)]
    (record,) = location.instance.fetch_observations(
        dg.AssetKey("claims_live_stream"), limit=5
    ).records
    assert record.asset_observation.metadata[Measure.PRUNED].value == 12


def test_every_check_passes_on_good_windows(two_windows: Finished) -> None:
    checks = two_windows.result.get_asset_check_evaluations()
    assert all(check.passed for check in checks)
    assert {check.check_name for check in checks} == {
        "contract_schema",
        "invariants",
        "unique_ids",
        "truth_complete",
        "fraud_ratio",
        "no_base_identifiers",
    }


def test_a_run_tells_the_rows_of_the_whole_stream(two_windows: Finished) -> None:
    events = two_windows.result.asset_materializations_for_node("claims_live_stream")
    told = [
        event.metadata[Measure.ROWS].value for event in events if Measure.ROWS in event.metadata
    ]
    assert told == [24]


def test_a_run_writes_the_page_and_tells_where_it_is(two_windows: Finished) -> None:
    events = two_windows.result.asset_materializations_for_node("claims_live_stream")
    (told,) = [event.metadata["page"] for event in events if "page" in event.metadata]
    page = two_windows.location.settings.home / "reports" / "high_risk.html"
    assert told.path == str(page.absolute())
    assert '"length":24' in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_page_that_cannot_be_written_fails_no_run(location: Location) -> None:
    home = location.settings.home
    home.mkdir(exist_ok=True)
    (home / "reports").write_text("a file where the folder should be")
    assert location.run("inject_claims", pace="instant", max_claims=2).success


def test_the_preview_begins_with_what_tells_most_and_gives_units(two_windows: Finished) -> None:
    events = two_windows.result.asset_materializations_for_node("claims_live_stream")
    (preview,) = [e.metadata["newest claims"] for e in events if "newest claims" in e.metadata]
    names = [column.name for column in preview.schema.columns]
    assert names[:4] == ["claim_id", "generated_at", "risk_score", "amount_claimed"]
    assert len(preview.records) == 10
    assert "[Rp]" in preview.schema.columns[3].description


@pytest.mark.slow
def test_a_refresh_by_the_command_line_is_told_under_the_names_of_the_assets_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with events.runless_refresh() as told:
        told |= {"rows": 7, "seconds": 0.5}
    with dg.DagsterInstance.get() as instance:
        (record,) = instance.fetch_materializations(
            dg.AssetKey("claims_ml_scores"), limit=5
        ).records
    assert record.asset_materialization.metadata[Measure.ROWS].value == 7


def test_the_base_is_observed_with_a_fingerprint(two_windows: Finished) -> None:
    (record,) = two_windows.location.instance.fetch_observations(
        dg.AssetKey("claims_normalized"), limit=5
    ).records
    told = record.asset_observation.metadata
    assert told["dagster/row_count"].value == 600
    assert len(told["fingerprint"].value) == 16


def test_a_dagster_that_cannot_be_told_fails_no_run(
    location: Location, monkeypatch: pytest.MonkeyPatch, tmp_path, caplog
) -> None:
    from claimsim_pipeline.composition import run_record, run_spec

    home = tmp_path / "dagster_home_that_is_a_file"
    home.write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    record = run_record(location.settings, "0123456789ab", run_spec(location.settings), NOW)
    events.report_runless_publication(record, RunningScorecard())
    assert "Dagster was not told" in caplog.text
