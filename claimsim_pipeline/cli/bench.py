"""``claimsim bench``: figures against targets, measured here and now."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path

import click

from claimsim_pipeline.cli.context import Door
from claimsim_pipeline.errors import UsageError

_BENCHES = {
    "llm": "the engine that calls the model",
    "realism": "how real the claims look",
    "refresh": "the refresh of the ML scores against the plain way",
    "speed": "claims per second against the naive loop",
    "readers": "one writer among impatient readers",
}


@click.command("bench")
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--quick", is_flag=True, help="Small, for correctness only.")
@click.option("--workdir", type=click.Path(path_type=Path), help="Keep the benches' data here.")
@click.pass_obj
def command(
    door: Door, /, name: str | None, as_json: bool, quick: bool, workdir: Path | None
) -> int:
    """Run the benchmarks: llm, realism, refresh, speed, readers, or all of them.

    Exit code 1 if a target was missed.
    """
    from claimsim_pipeline.bench.figures import as_json as to_json
    from claimsim_pipeline.bench.figures import as_table

    del door
    if name is not None and name not in _BENCHES:
        raise UsageError(f"There is no bench {name[:40]!r}; there are {', '.join(_BENCHES)}.")
    figures = []
    with tempfile.TemporaryDirectory(prefix="claimsim-bench-") as scratch:
        for bench in [name] if name else list(_BENCHES):
            click.echo(f"Measuring {_BENCHES[bench]} …", err=True)
            module = import_module(f"claimsim_pipeline.bench.{bench}")
            found = module.run(quick, workdir or Path(scratch))
            figures += found
            if not as_json:
                click.echo(as_table(found))
    if as_json:
        click.echo(to_json(figures))
    return int(any(figure.ok is False for figure in figures))
