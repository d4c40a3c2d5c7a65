"""A run's scorecard as the UI shows it: three numbers that it plots, two small tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from claimsim_pipeline.orchestration.names import Measure

if TYPE_CHECKING:
    from claimsim_pipeline.insight.scorecard import Scorecard, Tally

_COUNTS = ("claims", "planted", "caught", "false_alarms")


def answers(card: "Scorecard") -> Mapping[str, Any]:
    """Planted, caught and false alarms of a run, per scenario and per service type."""
    return {
        Measure.PLANTED: card.total.planted,
        Measure.CAUGHT: card.total.caught,
        Measure.FALSE_ALARMS: card.total.false_alarms,
        "scorecard by scenario": _table(card.by_scenario, "scenario"),
        "scorecard by service type": _table(card.by_service, "service type"),
    }


def _table(tallies: "Sequence[Tally]", name: str) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord({name: tally.name, **{n: getattr(tally, n) for n in _COUNTS}})
            for tally in tallies
        ],
        schema=dg.TableSchema([dg.TableColumn(name), *(dg.TableColumn(n, "int") for n in _COUNTS)]),
    )
