"""The door for Dagster: ``dagster … -m claimsim_pipeline.definitions``."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import click
import dagster as dg

from claimsim_pipeline.errors import SettingsError
from claimsim_pipeline.settings import Settings, load_settings


class SettingsUnusable(click.UsageError):
    """A bad setting, as Dagster's command line shows errors: a sentence, exit code 2."""


def build_definitions(settings: Settings, **options: Any) -> dg.Definitions:
    """Everything that Dagster knows of the simulation.

    Args:
        settings: Of the code location.
        **options: Those of :func:`orchestration.resources.resources`, for tests.
    """
    with warnings.catch_warnings():
        # Backfill policies and code references are marked beta; that is ours to know.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        from claimsim_pipeline.orchestration.location import location

        return location(settings, **options)


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for the settings of this environment, made when asked for."""
    return once()


@cache
def once() -> dg.Definitions:
    """Dagster asks several times in a process, for the settings it was started with."""
    try:
        return build_definitions(load_settings(dotenv=Path(".env")))
    except SettingsError as error:
        raise SettingsUnusable(str(error)) from None
