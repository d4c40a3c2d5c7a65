"""``claimsim watch``: the claims as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claimsim_pipeline.cli.context import Door

if TYPE_CHECKING:
    from rich.console import Console

    from claimsim_pipeline.insight.watch import Picture, Watch
    from claimsim_pipeline.settings import Settings

_PATIENCE_SECONDS = 1.0
"""How long a look waits for a locked database before it says so."""

_TICK_SECONDS = 0.5
"""How often ages on the screen are brought up to date."""


@click.command("watch")
@click.option("--once", is_flag=True, help="One screen, then end.")
@click.pass_obj
def command(door: Door, /, once: bool) -> int:
    """Watch the claims arrive: newest first, with their flags and risk.

    The database is opened for moments, and only after it has changed. Where
    standard output is no terminal, each new claim is a line of its own, columns
    separated by tabs. q or Ctrl-C ends.
    """
    from rich.console import Console

    from claimsim_pipeline.composition import open_store
    from claimsim_pipeline.insight.watch import Watch
    from claimsim_pipeline.simulation.clock import SystemClock

    settings = door.settings()
    patient = settings.model_copy(update={"store_deadline_seconds": _PATIENCE_SECONDS})
    watch = Watch(open_store(patient), SystemClock().now)
    console = Console()
    try:
        if once:
            return _once(watch, settings, console)
        if console.is_terminal:
            _live(watch, settings, console)
        else:
            _lines(watch, settings)
    except KeyboardInterrupt:
        pass  # that is how it ends
    return 0


def _once(watch: Watch, settings: Settings, console: Console) -> int:
    from zoneinfo import ZoneInfo

    from claimsim_pipeline.insight.watch import Picture
    from claimsim_pipeline.insight.watch_screen import Screen

    picture = watch.look(Picture())
    console.print(Screen(picture, watch.now(), ZoneInfo(settings.timezone), keys=False))
    return int(bool(picture.trouble))


def _live(watch: Watch, settings: Settings, console: Console) -> None:
    from zoneinfo import ZoneInfo

    from rich.live import Live

    from claimsim_pipeline.insight.watch import Picture
    from claimsim_pipeline.insight.watch_keys import keyboard
    from claimsim_pipeline.insight.watch_screen import Screen

    def drawn(picture: Picture) -> Screen:
        return Screen(picture, watch.now(), ZoneInfo(settings.timezone), keys=True)

    live = Live(drawn(Picture()), console=console, screen=True, auto_refresh=False)
    with keyboard() as wait, live:
        shown = Picture()

        def ticking(seconds: float) -> bool:
            """Wait in ticks, so that ages go on while nothing happens."""
            while seconds > 0:
                if wait(min(seconds, _TICK_SECONDS)):
                    return True
                seconds -= _TICK_SECONDS
                live.update(drawn(shown), refresh=True)
            return False

        for shown in watch.pictures(ticking):  # noqa: B007 - the ticks draw it, too
            live.update(drawn(shown), refresh=True)


def _lines(watch: Watch, settings: Settings) -> None:
    from zoneinfo import ZoneInfo

    from claimsim_pipeline.insight.watch import Picture, watched_on
    from claimsim_pipeline.insight.watch_keys import keyboard
    from claimsim_pipeline.insight.watch_screen import line

    before, zone = Picture(), ZoneInfo(settings.timezone)
    with keyboard() as wait:
        for picture in watch.pictures(wait):
            for claim in picture.added(before).to_dict("records"):
                click.echo(line(claim, zone))
            if unlisted := picture.unlisted(before):
                click.echo(f"{unlisted:,} more came at once and are not listed.", err=True)
            if picture.trouble and picture.trouble != before.trouble:
                click.echo(watched_on(picture.trouble), err=True)
            before = picture
