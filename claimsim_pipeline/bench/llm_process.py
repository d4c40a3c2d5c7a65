"""The loopback model in a process of its own, and what a client asks of it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any


class ServerProcess:
    """A server that lives as long as the `with` block.

    Args:
        knobs: What goes wrong, from the start.

    Attributes:
        base_url: For `OPENAI_BASE_URL`.
    """

    def __init__(self, **knobs: Any) -> None:
        self._knobs = knobs
        self.base_url = ""

    def __enter__(self) -> ServerProcess:
        command = [sys.executable, "-m", "claimsim_pipeline.bench.llm_server"]
        self._process = subprocess.Popen(
            [*command, json.dumps(self._knobs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10.0)

    def stats(self) -> dict[str, Any]:
        """What has happened; times are monotonic seconds of this machine."""
        return self._ask("/__stats")

    def turn(self, **knobs: Any) -> None:
        """Change what goes wrong."""
        self._ask("/__knobs", knobs)

    def reset(self) -> None:
        """Forget what has happened."""
        self._ask("/__reset", {})

    def _ask(self, path: str, told: dict[str, Any] | None = None) -> dict[str, Any]:
        root = self.base_url.removesuffix("/v1")
        data = None if told is None else json.dumps(told).encode()
        with urllib.request.urlopen(root + path, data, timeout=10.0) as response:
            answer: dict[str, Any] = json.load(response)
        return answer
