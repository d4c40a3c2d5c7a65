"""`claimsim bench llm`: what the engine must show, against a model on loopback.

The model runs in a process of its own and keeps a ledger of every reply that somebody would pay
for. Efficiency is the ideal time (claims in flight, each taking the model's latency) divided by the
time from the first request sent to the last reply used. Quick runs are small and judge no speed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from claimsim_pipeline.bench.figures import Figure, at_least, at_most, known, within
from claimsim_pipeline.bench.llm_claims import Bought, Work, buy, contradictions, work
from claimsim_pipeline.bench.llm_process import ServerProcess
from claimsim_pipeline.generation.mutator import mutate

_KILL_SECONDS = 60.0
_SEEDS = (1, 2, 3, 4, 5)


def run(quick: bool, workdir: Path) -> list[Figure]:
    """Measure every case."""
    folder = workdir / "llm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _warm_up(folder)
    return [figure for case in _CASES for figure in case(quick, folder)]


def _warm_up(folder: Path) -> None:
    """Imports and the base's atlas are not what is measured."""
    told = work(folder, 16)
    with ServerProcess() as server:
        buy(told, server.base_url, folder / "warm", 4)
    mutate(told.briefs, told.reference)


def _usual_latency(quick: bool, folder: Path) -> Iterator[Figure]:
    count, latency = (32, 0.05) if quick else (208, 0.5)
    bought, stats = _bought(folder, "usual", count, 16, latency=latency)
    figure = _efficiency(bought, stats, count, 16, latency)
    case = f"{count} claims, 16 in flight, {latency * 1000:g} ms: efficiency"
    yield known(case, figure, "x") if quick else at_least(case, figure, "x", 0.94)


def _short_latency(quick: bool, folder: Path) -> Iterator[Figure]:
    """Medians: a second in which the machine was busy elsewhere is a third of a lap."""
    count, latency = (64, 0.02) if quick else (1_000, 0.1)
    laps = []
    for lap in range(1 if quick else 3):
        bought, stats = _bought(folder, f"short-{lap}", count, 64, latency=latency)
        figure = _efficiency(bought, stats, count, 64, latency)
        laps.append((figure, 1000.0 * bought.cpu_seconds / count))
    figure, cpu = (statistics.median(values) for values in zip(*laps, strict=True))
    case = f"{count:,} claims, 64 in flight, {latency * 1000:g} ms"
    if quick:
        yield from (known(f"{case}: efficiency", figure, "x"), known(f"{case}: CPU", cpu, "ms"))
    else:
        yield at_least(f"{case}: efficiency", figure, "x", 0.55)
        yield at_most(f"{case}: client CPU per claim", cpu, "ms", 2.5)


def _malformed(quick: bool, folder: Path) -> Iterator[Figure]:
    count = 40 if quick else 200
    told = work(folder, count)
    bought, stats = _bought(folder, "malformed", count, 16, latency=0.02, malformed=0.3, wild=0.2)
    case = f"30 % malformed replies, {count} claims"
    yield _exactly(f"{case}: rows", len(bought.drafts), count)
    yield _exactly(f"{case}: contradictions", contradictions(told, bought.drafts), 0)
    slack = 1.5 if quick else 1.1
    yield at_most(f"{case}: paid calls", stats["paid"], "calls", int(slack * count / 0.7))
    yield from _books(case, bought, stats)


def _books(case: str, bought: Bought, stats: dict[str, Any]) -> Iterator[Figure]:
    """Ours against the server's ledger; the price is written out once more on purpose."""
    spent = bought.generator.spending
    yield _exactly(f"{case}: replies in our books", spent.replies, stats["paid"])
    ours = (spent.input_tokens, spent.cached_tokens, spent.output_tokens)
    theirs = tuple(stats[f"{kind}_tokens"] for kind in ("input", "cached", "output"))
    apart = sum(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    yield _exactly(f"{case}: tokens that differ from the ledger", apart, 0)
    cost = ((theirs[0] - theirs[1]) * 0.15 + theirs[1] * 0.075 + theirs[2] * 0.6) / 1e6
    difference = abs((spent.cost_usd or 0.0) - cost)
    yield at_most(f"{case}: cost that differs from the ledger", difference, "US$", 1e-9)


def _faults(quick: bool, folder: Path) -> Iterator[Figure]:
    """The median of several seeds: which calls fail, and how late, is luck."""
    count, latency = (32, 0.02) if quick else (200, 0.2)
    knobs = {"throttle": 0.1, "broken": 0.05, "retry_after": 0.1 if quick else 1.0}
    ideal, rows, early, times = count * latency / 16, [], [], []
    for seed in (1,) if quick else _SEEDS:
        name = f"faults-{seed}"
        bought, stats = _bought(folder, name, count, 16, seed=seed, latency=latency, **knobs)
        times.append((bought.ended_at - stats["first_at"]) / ideal)
        rows.append(len(bought.drafts))
        early.append(stats["early"])
    case = f"10 % 429 and 5 % 500, {count} claims"
    note = "each of " + " ".join(f"{time:.2f}" for time in times)
    yield _exactly(f"{case}: fewest rows", min(rows), count)
    wall = statistics.median(times)
    name = f"{case}: wall against ideal"
    yield known(name, wall, "x") if quick else at_most(name, wall, "x", 1.6, note)
    yield _exactly(f"{case}: calls before their Retry-After", sum(early), 0)


def _killed(quick: bool, folder: Path) -> Iterator[Figure]:
    count, in_flight = (60, 8) if quick else (200, 16)
    place = folder / "killed"
    shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*/"))
    with ServerProcess(latency=0.1) as server:
        command = [sys.executable, "-m", "claimsim_pipeline.bench.llm_claims", server.base_url]
        command += [str(place), str(count), str(in_flight)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait_for(server, count // 2, process)
        process.kill()
        process.wait()
        before = server.stats()["paid"]
        bought = buy(work(place, count), server.base_url, place / "home", in_flight)
        paid = server.stats()["paid"]
    case = f"kill -9 after {before} of {count} replies"
    yield within(f"{case}: it was half-way", before / count, "share", (0.3, 0.9))
    yield _exactly(f"{case}: rows", bought.drafts["slot"].nunique(), count)
    note = f"{in_flight} in flight"
    yield at_most(f"{case}: calls repeated", paid - count, "calls", in_flight, note)
    kept = count - (paid - before)
    twice = max(0, before - in_flight - kept)
    yield _exactly(f"{case}: replies bought twice", twice, 0)


def _wait_for(server: ServerProcess, paid: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if server.stats()["paid"] >= paid:
            return
        time.sleep(0.01)


def _again(quick: bool, folder: Path) -> Iterator[Figure]:
    count = 60 if quick else 200
    told = work(folder, count)
    with ServerProcess() as server:
        first = buy(told, server.base_url, folder / "again", 16)
        server.reset()
        began = time.monotonic()
        mutate(told.briefs, told.reference)
        offline = time.monotonic() - began
        second = buy(told, server.base_url, folder / "again", 16)
        calls = server.stats()["calls"]
    case = f"the same {count} claims again"
    yield _exactly(f"{case}: calls", calls, 0)
    yield at_most(f"{case}: seconds over offline", second.seconds - offline, "s", 1.0)
    differing = 0 if first.drafts.equals(second.drafts) else 1
    yield _exactly(f"{case}: differences", differing, 0)


def _rate_limit(quick: bool, folder: Path) -> Iterator[Figure]:
    """A hard limit, announced in headers: keep to it, and use it."""
    count, rpm = (40, 1200) if quick else (150, 1200)
    bought, stats = _bought(folder, "limit", count, 16, latency=0.05, rpm=rpm, level=30)
    refused = stats["throttled"] / stats["calls"]
    case = f"a limit of {rpm} calls a minute, {count} claims"
    yield _exactly(f"{case}: rows", len(bought.drafts), count)
    yield at_most(f"{case}: share refused", refused, "share", 1.0 if quick else 0.01)
    allowed = (count - 30) * 60.0 / rpm
    wall = stats["last_at"] - stats["first_at"]
    yield known(f"{case}: share of the limit that was used", allowed / wall, "share")


_CASES = (_usual_latency, _short_latency, _malformed, _faults, _killed, _again, _rate_limit)


def _bought(
    folder: Path, name: str, count: int, in_flight: int, **knobs: Any
) -> tuple[Bought, dict[str, Any]]:
    told: Work = work(folder, count)
    mutate(told.briefs, told.reference)  # its shelves of the base, laid out once per process
    with ServerProcess(**knobs) as server:
        bought = buy(told, server.base_url, folder / name, in_flight)
        return bought, server.stats()


def _efficiency(
    bought: Bought, stats: dict[str, Any], count: int, in_flight: int, latency: float
) -> float:
    ideal = count * latency / in_flight
    wall: float = bought.ended_at - stats["first_at"]
    return ideal / wall


def _exactly(case: str, value: float, wanted: float) -> Figure:
    return Figure(case, value, "", f"= {wanted:g}", value == wanted)
