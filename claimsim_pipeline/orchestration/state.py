"""How the Dagster instance is: home, daemons, schedules and sensors."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus

from claimsim_pipeline.settings import Settings

NEEDED_DAEMONS = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR")


@dataclass(frozen=True)
class DagsterState:
    """What the instance knows.

    Attributes:
        daemons: Whether each daemon that we need has been heard of lately.
        schedules: Whether each schedule runs.
        sensors: Whether each sensor runs.
    """

    daemons: Mapping[str, bool]
    schedules: Mapping[str, bool]
    sensors: Mapping[str, bool]

    @property
    def daemon_runs(self) -> bool:
        """Whether all of them have been heard of."""
        return all(self.daemons.values())


def dagster_state(settings: Settings, home: Path) -> DagsterState:
    """Ask the instance of a home; nothing is started or changed."""
    repository = _definitions(settings).get_repository_def()
    with dg.DagsterInstance.from_config(str(home.resolve())) as instance:
        statuses = instance.get_daemon_statuses(NEEDED_DAEMONS)
        states = instance.all_instigator_state()
    return DagsterState(
        {name: bool(statuses[name].healthy) for name in NEEDED_DAEMONS},
        _running([each.name for each in repository.schedule_defs], states, InstigatorType.SCHEDULE),
        _running([each.name for each in repository.sensor_defs], states, InstigatorType.SENSOR),
    )


def _definitions(settings: Settings) -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        from claimsim_pipeline.orchestration.location import location

        return location(settings)


def _running(
    names: Sequence[str], states: Sequence[InstigatorState], kind: InstigatorType
) -> Mapping[str, bool]:
    """All are off until somebody switches them on, and that leaves a state."""
    on = {
        state.origin.instigator_name
        for state in states
        if state.instigator_type == kind and state.status != InstigatorStatus.STOPPED
    }
    return {name: name in on for name in sorted(names)}
