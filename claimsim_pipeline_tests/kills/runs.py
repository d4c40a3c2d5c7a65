"""Ways of starting a run, each in a folder of its own, and what its tables then hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

WINDOW = "2026-11-20-08:00"
LIVE = ("--pace", "live", "--interval", "0.04", "--duration", "3", "--max-claims", "60")
CLAIMSIM = [sys.executable, "-m", "claimsim_pipeline"]
DAGSTER = [sys.executable, "-m", "dagster", "job", "execute", "-m"]

_CONTENT = {
    "claims_live_stream": "*",
    "claims_live_scores": "* EXCLUDE (scored_at)",
    "claims_live_truth": "* EXCLUDE (run_id, published_at)",
}


@dataclass
class Place:
    """A folder with a database, in which runs of one kind are started.

    Attributes:
        folder: The working directory.
        kind: ``simulate``, ``demo`` or ``dagster``.
    """

    folder: Path
    kind: str
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "dagster_home").mkdir(parents=True)
        (self.folder / "dagster_home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SIM_", "OPEN"))},
            "DUCKDB_PATH": str(self.database),
            "SIM_FORCE_LLM": "false",
            "SIM_INTERVAL_SECONDS": "0.5",
            "SIM_DURATION_SECONDS": "1800",
            "SIM_MAX_CLAIMS": "2000",
        }
        if self.kind == "dagster":
            self.environ["DAGSTER_HOME"] = str(self.folder / "dagster_home")

    @classmethod
    def made(cls, folder: Path, kind: str, base: Path) -> Place:
        """A new place with a copy of the base."""
        place = cls(folder, kind)
        (folder / "instance").mkdir()
        shutil.copy(base, place.database)
        return place

    @property
    def database(self) -> Path:
        return self.folder / "instance" / "analytics.duckdb"

    @property
    def runs(self) -> Path:
        return self.folder / "instance" / "runs"

    @property
    def manifests(self) -> list[Path]:
        """What ad hoc runs left to be resumed by."""
        return sorted(self.runs.glob("*.json"))

    @property
    def marked(self) -> list[str]:
        """Ids of the runs whose start marker is there."""
        return [json.loads(marker.read_text())["run_id"] for marker in self.marked_files()]

    def marked_files(self) -> list[Path]:
        """The start markers."""
        return list((self.folder / "instance" / "running").glob("*.json"))

    @property
    def log(self) -> list[dict[str, Any]]:
        path = self.folder / "instance" / "logs" / "simulation_runs.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def start(self) -> subprocess.Popen[str]:
        """The command; an ad hoc run that left a manifest is resumed."""
        return subprocess.Popen(
            self._command(),
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _command(self) -> list[str]:
        if self.kind == "demo":
            return [*CLAIMSIM, "demo"]
        if self.kind == "dagster":
            tags = json.dumps({"dagster/partition": WINDOW})
            job = ("claimsim_pipeline.definitions", "-j", "simulate_claims", "--tags", tags)
            return [*DAGSTER, *job]
        if self.manifests:
            return [*CLAIMSIM, "simulate", "--resume", self.manifests[0].stem]
        return [*CLAIMSIM, "simulate", *LIVE]

    def finish(self) -> str:
        """Run the command to its end."""
        process = self.start()
        said, _ = process.communicate(timeout=100)
        assert process.returncode == 0, said
        return said


def rows(place: Place) -> int:
    """Claims in the stream; 0 where there is no stream yet."""
    with duckdb.connect(str(place.database), read_only=True) as connection:
        try:
            counted = connection.execute("SELECT count(*) FROM claims_live_stream").fetchall()
            return int(counted[0][0])
        except duckdb.CatalogException:
            return 0


def differences(disturbed: Place, undisturbed: Place) -> dict[str, tuple[int, int]]:
    """For each table how many rows were lost, and how many are too many."""
    found = {}
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{disturbed.database}' AS d (READ_ONLY)")
        connection.execute(f"ATTACH '{undisturbed.database}' AS u (READ_ONLY)")
        for table, columns in _CONTENT.items():
            d, u = (f"SELECT {columns} FROM {side}.{table}" for side in "du")
            lost, extra = (
                connection.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
                for a, b in ((u, d), (d, u))
            )
            found[table] = (int(lost), int(extra))
    return found
