"""An ad hoc run begins when it is ready, and is resumed as it began."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claimsim_pipeline.errors import UsageError
from claimsim_pipeline.simulation.ad_hoc import LEAD, AdHocRun
from claimsim_pipeline.simulation.plan import RunSpec, plan_run

NOW = datetime(2026, 3, 2, tzinfo=UTC)
READY = NOW + timedelta(seconds=7)
SPEC = RunSpec(max_claims=5)


def due(run: AdHocRun) -> list[datetime]:
    (plan,) = plan_run(run.run_id, run.start, run.spec)
    return [moment.to_pydatetime() for moment in plan.frame["due_at"]]


def test_the_first_claim_of_a_live_run_is_due_as_soon_as_it_can_be_there() -> None:
    run = AdHocRun.beginning(NOW, SPEC, live=True).from_now(READY)
    assert due(run)[0] == READY + LEAD


def test_the_last_claim_of_an_instant_run_is_due_when_the_run_is_ready() -> None:
    run = AdHocRun.beginning(NOW, SPEC, live=False).from_now(READY)
    assert abs(due(run)[-1] - READY) <= timedelta(microseconds=1)


def test_a_run_that_got_ready_has_the_same_claims_with_the_same_gaps() -> None:
    planned = AdHocRun.beginning(NOW, SPEC, live=True)
    ready = planned.from_now(READY)
    assert ready.run_id == planned.run_id
    assert [b - a for a, b in zip(due(planned), due(ready), strict=True)] == [READY - NOW] * 5


@pytest.mark.parametrize("live", [True, False])
def test_a_resumed_run_keeps_the_start_that_it_had_when_it_was_ready(
    tmp_path: Path, live: bool
) -> None:
    ready = AdHocRun.beginning(NOW, SPEC, live=live).keep(tmp_path).from_now(READY)
    resumed = AdHocRun.resumed(ready.run_id, tmp_path)
    assert due(resumed) == due(ready)
    assert due(resumed.from_now(READY + timedelta(hours=1))) == due(ready)


def test_a_run_that_was_never_kept_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'abcdefabcdef'"):
        AdHocRun.resumed("abcdefabcdef", tmp_path)
