"""The loopback model's ``/v1/files`` and ``/v1/batches``."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claimsim_pipeline.bench.llm_model import Answer, Model

_FINAL = ("completed", "expired")


class Batches:
    """Files and batches in memory.

    Args:
        model: Writes the replies.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._polls: dict[str, int] = {}

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """A request to either of them."""
        parts = path.split("?")[0].strip("/").split("/")[1:]
        if parts[0] == "files":
            return self._file(method, parts, headers, body)
        if method == "POST":
            return 200, {}, self._create(json.loads(body)), 0.0
        if len(parts) == 1:
            told = {"object": "list", "data": list(self._batches.values())[::-1], "has_more": False}
            return 200, {}, told, 0.0
        return 200, {}, self._polled(parts[1]), 0.0

    def _file(self, method: str, parts: list[str], headers: dict[str, str], body: bytes) -> Answer:
        if method == "POST":
            name = self._store(_uploaded(headers, body))
            told = {"id": name, "object": "file", "bytes": len(body), "purpose": "batch"}
            return 200, {}, {**told, "created_at": 0, "filename": name, "status": "processed"}, 0.0
        return 200, {}, self._files[parts[1]], 0.0

    def _store(self, data: bytes) -> str:
        name = f"file-{len(self._files) + 1}"
        self._files[name] = data
        return name

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        name = f"batch_{len(self._batches) + 1}"
        self._model.account.batches += 1
        self._polls[name] = self._model.knobs.batch_polls
        self._batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": told["endpoint"],
            "completion_window": told["completion_window"],
            "input_file_id": told["input_file_id"],
            "metadata": told.get("metadata"),
            "created_at": int(time.time()),
            "status": "in_progress",
        }
        return self._batches[name]

    def _polled(self, name: str) -> dict[str, Any]:
        batch = self._batches[name]
        if batch["status"] not in _FINAL:
            if self._polls[name] > 0:
                self._polls[name] -= 1
            else:
                self._finish(batch)
        return batch

    def _finish(self, batch: dict[str, Any]) -> None:
        asked = [json.loads(line) for line in self._files[batch["input_file_id"]].splitlines()]
        kept = round(len(asked) * (1.0 - self._model.knobs.batch_lost))
        done, lost = asked[:kept], asked[kept:]
        replies = [
            _line(a["custom_id"], 200, self._model.reply(a["body"], batch=True)) for a in done
        ]
        errors = [_line(a["custom_id"], 0, {"code": "batch_expired"}) for a in lost]
        batch["output_file_id"] = self._store("\n".join(replies).encode())
        if errors:
            batch["error_file_id"] = self._store("\n".join(errors).encode())
        batch["status"] = "expired" if lost else "completed"
        batch["request_counts"] = {
            "total": len(asked),
            "completed": len(done),
            "failed": len(lost),
        }


def _line(custom_id: str, status: int, body: dict[str, Any]) -> str:
    response = {"status_code": status, "request_id": "r", "body": body} if status else None
    error = None if status else body
    told = {"id": "b", "custom_id": custom_id, "response": response, "error": error}
    return json.dumps(told, ensure_ascii=False)


def _uploaded(headers: dict[str, str], body: bytes) -> bytes:
    """The file in a multipart body."""
    found = re.search(r"boundary=\"?([^\";]+)", headers.get("content-type", ""))
    mark = b"--" + (found.group(1).encode() if found else b"")
    for part in body.split(mark):
        head, _, data = part.partition(b"\r\n\r\n")
        if b'name="file"' in head:
            return data.removesuffix(b"\r\n")
    return b""
