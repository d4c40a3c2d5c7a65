"""Python, packages, variables, folders, free space."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from claimsim_pipeline.insight.doctor import Finding, Premises, ok, problem, warning

_OLDEST = (3, 11)
_DISTRIBUTION = "claimsim-pipeline"
_SHOWN = ("duckdb", "dagster", "pandas", "openai")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)\s*(?:==\s*([0-9][^\s;,]*))?[^;]*$")
_LEAST_FREE = 100_000_000
_LITTLE_FREE = 1_000_000_000


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Whether the interpreter is new enough."""
    told = ".".join(map(str, version))
    if version[:2] < _OLDEST:
        return problem(
            "Python", told, "Use Python 3.11 or newer: PYTHON=python3.11 make clean demo."
        )
    return ok("Python", told)


def packages(requirements: Iterable[str] | None = None) -> Finding:
    """Whether what the project requires is installed, in the pinned versions."""
    wanted = metadata.requires(_DISTRIBUTION) if requirements is None else list(requirements)
    wrong = [text for requirement in wanted or [] if (text := _wrong(requirement))]
    remedy = "Install the locked versions again: make clean demo."
    if wrong:
        return problem("Packages", "; ".join(wrong), remedy)
    return ok("Packages", ", ".join(f"{name} {metadata.version(name)}" for name in _SHOWN))


def _wrong(requirement: str) -> str:
    if "extra ==" in requirement:
        return ""
    found = _PIN.match(requirement.partition(";")[0].strip())
    if found is None:
        return ""
    try:
        version = metadata.version(found[1])
    except metadata.PackageNotFoundError:
        return f"{found[1]} is missing"
    return f"{found[1]} is {version}, not {found[2]}" if found[2] not in {None, version} else ""


def variables(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[Finding]:
    """Variables that look like settings and are none: a typo sets nothing."""
    names = sorted(known)
    for name in sorted(environ):
        if name.startswith("SIM_") and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            remedy = f"Did you mean {near[0]}?" if near else "Take it away; see .env.example."
            yield warning("Settings", f"{name} is not a setting, and has no effect.", remedy)


def folders(premises: Premises) -> Iterator[Finding]:
    """Whether each folder can be written, and the disk has room."""
    seen: set[Path] = set()
    for setting, folder in premises.folders.items():
        nearest = _nearest(folder)
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            yield problem(
                "Folders",
                f"{folder} ({setting}) cannot be written: {_why(nearest)}.",
                f"Change the permissions, or set {setting} to a place of your own.",
            )
        elif nearest not in seen:
            seen.add(nearest)
            yield space(nearest, shutil.disk_usage(nearest).free)


def space(folder: Path, free: int) -> Finding:
    """Whether there is room for a run."""
    told = f"{folder.resolve()} can be written, {free / 1e9:,.1f} GB free"
    remedy = "Free some space: `claimsim prune --compact` removes old simulated claims."
    if free < _LEAST_FREE:
        return problem("Folders", f"{told}; a run wants {_LEAST_FREE / 1e6:.0f} MB.", remedy)
    if free < _LITTLE_FREE:
        return warning("Folders", f"{told}, which is little.", remedy)
    return ok("Folders", told)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the first of its parents that exists."""
    folder = folder.resolve()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _why(nearest: Path) -> str:
    return "this user has no right to" if nearest.is_dir() else f"{nearest} is no folder"
