"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

_A_YEAR = 31_536_000.0

F = TypeVar("F", bound=Callable[..., object])

_RUN_OPTIONS = (
    click.option("--duration", type=float, metavar="SECONDS", help="Length of the run."),
    click.option("--interval", type=float, metavar="SECONDS", help="Base gap between claims."),
    click.option("--max-claims", type=int, metavar="N", help="Most claims in the run."),
    click.option("--jitter", type=float, metavar="SHARE", help="Variation of the gap, 0 to <1."),
    click.option("--fraud-ratio", type=float, metavar="SHARE", help="Chance of fraud, 0 to 1."),
    click.option(
        "--fraud-profile",
        type=click.Choice(["demo", "realistic"]),
        help="demo: fraud that shows at once; realistic: the subtle mix.",
    ),
)


class _Seconds(click.FloatRange):
    """A time to wait; ``nan`` is a float that no range refuses."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


def wait_option(why: str) -> Callable[[F], F]:
    """``--wait``: how long to wait for the simulation that holds the lease."""
    seconds = _Seconds(min=0, max=_A_YEAR)
    return click.option("--wait", type=seconds, default=0.0, metavar="SECONDS", help=why)


def run_options(command: F) -> F:
    """What a run is made of; each overrides the environment."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


def as_environment(
    duration: float | None,
    interval: float | None,
    max_claims: int | None,
    jitter: float | None,
    fraud_ratio: float | None,
    fraud_profile: str | None,
) -> dict[str, object]:
    """The run options under the names of the settings they override."""
    return {
        "SIM_DURATION_SECONDS": duration,
        "SIM_INTERVAL_SECONDS": interval,
        "SIM_MAX_CLAIMS": max_claims,
        "SIM_INTERVAL_JITTER": jitter,
        "SIM_FRAUD_RATIO": fraud_ratio,
        "SIM_FRAUD_PROFILE": fraud_profile,
    }
