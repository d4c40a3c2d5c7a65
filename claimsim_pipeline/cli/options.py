"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

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
