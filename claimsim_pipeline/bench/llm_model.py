"""The loopback model without its wires: requests in, status, headers and body out."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from claimsim_pipeline.bench.llm_batches import Batches
from claimsim_pipeline.bench.llm_knobs import Account, Knobs
from claimsim_pipeline.bench.llm_writer import wild, write

Answer = tuple[int, dict[str, str], Any, float | None]
"""Status, headers, body (JSON, or bytes as they are), seconds to wait (None: for ever)."""

_TOKEN = 4  # bytes


class Model:
    """A model behind ``/v1/responses``, with faults on demand.

    Attributes:
        knobs: What goes wrong.
        account: What has happened.
        bodies: Everything that was sent to it, batches included.
    """

    def __init__(self, seed: int = 1, **knobs: Any) -> None:
        self.knobs, self.account = Knobs(**knobs), Account()
        self.bodies: list[bytes] = []
        self.in_flight = 0
        self._seed, self._dice = seed, random.Random(seed)
        self._asked: Counter[str] = Counter()
        self._spread: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._level, self._level_at = 0.0, 0.0
        self._prefix = ""
        self._batches = Batches(self)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Whatever is asked."""
        if path.startswith("/__"):
            return self._control(method, path, body)
        refused = self._refused(headers)
        if refused:
            return refused
        if path.startswith(("/v1/files", "/v1/batches")):
            self.bodies.append(body)
            return self._batches.answer(method, path, headers, body)
        if (method, path) == ("POST", "/v1/responses"):
            return self._respond(body)
        return 404, {}, _error("unknown address", "not_found"), 0.0

    def reply(self, request: dict[str, Any], *, batch: bool = False) -> dict[str, Any]:
        """A paid reply, spoilt as the knobs say."""
        knobs, dice = self.knobs, self._dice_of(request)
        reply = write(request, dice)
        text, fault = json.dumps(reply, ensure_ascii=False), ""
        if dice.random() < knobs.wild:
            text = json.dumps(wild(reply), ensure_ascii=False)
        if dice.random() < knobs.unknown_dx:
            text, fault = json.dumps({**reply, "dx_primary_code": "X99"}), "unknown"
        if dice.random() < knobs.malformed:
            text, fault = text[: len(text) // 2], "malformed"
        for name in ("refusal", "cut"):
            if dice.random() < getattr(knobs, name):
                fault = name
        usage = self._usage(request, text)
        self.account.pay(usage, useful=not fault, batch=batch)
        return _response(request, text, fault, usage, self.account.paid)

    def _dice_of(self, request: dict[str, Any]) -> random.Random:
        """A request's own, another one each time it comes; who else asks meanwhile is no matter."""
        name = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        self._asked[name] += 1
        return random.Random(f"{self._seed} {name} {self._asked[name]}")

    def _respond(self, body: bytes) -> Answer:
        account, knobs = self.account, self.knobs
        now = time.monotonic()
        self.bodies.append(body)
        account.calls += 1
        account.first_at = account.first_at or now
        name = hashlib.sha256(body).hexdigest()
        not_before = self._not_before.pop(name, 0.0)
        account.early += now < not_before
        if knobs.hang > 0:
            knobs.hang -= 1
            return 200, {}, {}, None
        headers, room = self._rate(now)
        patient = 0.0 < not_before <= now  # who waited as told is let through
        if not room or (self._due("throttle") and not patient):
            account.throttled += 1
            wait = knobs.retry_after if room else max(0.0, -self._level) * 60.0 / knobs.rpm + 0.05
            self._not_before[name] = now + wait
            headers["retry-after"] = f"{wait:.3f}"
            return 429, headers, _error("slow down", "rate_limit_exceeded"), 0.0
        if self._due("broken"):
            account.errors += 1
            return 500, headers, _error("broken", "server_error"), 0.0
        made = self.reply(json.loads(body))
        garbage = self._dice.random() < knobs.garbage
        return 200, headers, b"<html>" if garbage else made, knobs.latency

    def _due(self, name: str) -> bool:
        """Whether this call fails: evenly spread, beginning anywhere."""
        rate: float = getattr(self.knobs, name)
        before = self._spread.setdefault(name, self._dice.random())
        self._spread[name] = (before + rate) % 1.0
        return before + rate >= 1.0

    def _refused(self, headers: dict[str, str]) -> Answer | None:
        knobs = self.knobs
        if knobs.key and headers.get("authorization") != f"Bearer {knobs.key}":
            return 401, {}, _error("Incorrect API key provided", "invalid_api_key"), 0.0
        if knobs.status:
            self.account.errors += 1
            return knobs.status, {}, _error("as ordered", knobs.code), 0.0
        return None

    def _rate(self, now: float) -> tuple[dict[str, str], bool]:
        """Headers of a bucket that refills, and whether there was room."""
        limit = self.knobs.rpm
        if not limit:
            return {}, True
        filled = self._level + (now - self._level_at) * limit / 60.0
        level = min(float(limit), filled) if self._level_at else float(self.knobs.level or limit)
        self._level_at, room = now, level >= 1.0
        self._level = level - 1.0 if room else level - 1e-9
        left = max(0, int(self._level))
        reset = (limit - self._level) * 60.0 / limit
        return {
            "x-ratelimit-limit-requests": str(limit),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": f"{reset:.3f}s",
        }, room

    def _usage(self, request: dict[str, Any], text: str) -> dict[str, Any]:
        static = str(request.get("instructions", ""))
        seen, self._prefix = self._prefix == static, static
        sent = len(static) + len(str(request.get("input", "")))
        return {
            "input_tokens": sent // _TOKEN,
            "input_tokens_details": {"cached_tokens": len(static) // _TOKEN if seen else 0},
            "output_tokens": len(text) // _TOKEN,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": (sent + len(text)) // _TOKEN,
        }

    def _control(self, method: str, path: str, body: bytes) -> Answer:
        if path == "/__knobs" and method == "POST":
            self.knobs.turn(json.loads(body))
            return 200, {}, asdict(self.knobs), 0.0
        if path == "/__reset" and method == "POST":
            self.account, self.bodies = Account(), []
            return 200, {}, {}, 0.0
        told = asdict(self.account)
        if path != "/__ledger":
            told.pop("ledger")
        return 200, {}, told, 0.0


def _response(
    request: dict[str, Any], text: str, fault: str, usage: dict[str, Any], number: int
) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    if fault == "refusal":
        part = {"type": "refusal", "refusal": "I cannot help with that."}
    if fault == "cut":
        part["text"] = text[: len(text) // 2]
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if fault == "cut" else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if fault == "cut" else None,
        "model": request.get("model"),
        "output": [
            {
                "type": "message",
                "id": f"msg_{number}",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
        ],
        "usage": usage,
    }


def _error(message: str, code: str) -> dict[str, Any]:
    kind = code if code == "insufficient_quota" else "error"
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}
