"""The door for people: ``claimsim …``, also ``python -m claimsim_pipeline …``.

A command lives in a module of its own and is imported when it is called, so
that ``claimsim --help`` answers at once. This module holds what all of them
share: exit codes, errors without tracebacks, and the settings.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

import click

from claimsim_pipeline import __version__
from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.errors import ClaimsimError

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("demo", "Make a demo database, simulate one window offline, show what came out."),
    "simulate": ("simulate", "Simulate claims from now on, the SOP's command."),
    "watch": ("watch", "Watch the claims arrive, on this terminal."),
    "report": ("report", "Write the page of high-risk claims (one HTML file)."),
    "scorecard": ("scorecard", "Compare the scores with the answer sheet."),
    "inject": ("inject", "Ask a running Dagster for some minutes of claims."),
    "refresh-scores": ("refresh_scores", "Score every claim and rebuild the cache of ML scores."),
    "prune": ("prune", "Delete simulated claims older than the retention."),
    "batch": ("batch", "Collect what was submitted to the model's batch API."),
    "doctor": ("doctor", "Check everything a run needs, and say how to mend it."),
    "bench": ("bench", "Run the benchmarks, figures against targets."),
}


class _LazyGroup(click.Group):
    """Imports the module of a command only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"claimsim_pipeline.cli.{_COMMANDS[cmd_name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="claimsim")
@click.option("--verbose", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def cli(door: Door, verbose: bool) -> None:
    """Simulated BPJS claims that keep arriving. Every row is fictional."""
    door.verbose = verbose


def run() -> NoReturn:
    """The console script: a command, and out."""
    code = main()
    if any(thread.name == "claims" for thread in threading.enumerate()):
        # A model is being waited for. Python would end under the feet of that thread.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run a command; returns the exit code of the contract.

    0 done, 2 usage or configuration, 130/143 interrupted, 1 anything else.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    door = Door(os.environ if environ is None else environ)
    try:
        result = cli.main(args, prog_name="claimsim", standalone_mode=False, obj=door)
    except click.ClickException as error:
        error.show()
        return error.exit_code if error.exit_code == 2 else 1
    except click.exceptions.Abort:
        return 130
    except ClaimsimError as error:
        return _report(door, str(error), error.exit_code)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last door: people get a sentence, --verbose the rest
        return _report(door, _unexpected(error), 1)
    return result if isinstance(result, int) else 0


def _report(door: Door, message: str, exit_code: int) -> int:
    if door.verbose:
        traceback.print_exc()
    click.echo(f"Error: {message}", err=True)
    return exit_code


def _unexpected(error: Exception) -> str:
    return (
        f"unexpected {type(error).__name__}: {error}. This is a bug of claimsim; "
        "run the command again with `claimsim --verbose …` for the traceback."
    )
