"""What the loopback model writes: JSON made from the request's schema, sensible where it can be.

It knows the prompt's user message, so that its claims are plausible; a request it
does not understand gets values that merely have the right types. Faults spoil
a reply on purpose.
"""

from __future__ import annotations

import json
import random
from typing import Any

WILD = {
    "dx_primary_label": "Bukan label ini",
    "severity_group": "parah",
    "service_type": "IGD",
    "facility": "RS Tidak Ada'; DROP TABLE claims_live_stream; --",
    "los": -3,
    "amount_claimed": 123_456_789_012.34,
    "amount_paid": 999_999_999_999.0,
    "dx_secondary_codes": ["ZZZ", "E119", "e11.9", "", "<b>"],
    "flags": ["<script>alert(1)</script>", "phantom"],
    "narrative": "<b>Klaim fiktif</b> atas nama Tn. Budi, NIK 3201010101010001, dirawat 99 hari.",
}
"""Valid for the schema, wrong in every field."""


def write(request: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """A reply that follows the request's schema."""
    schema = request.get("text", {}).get("format", {}).get("schema", {})
    known = _claim(request.get("input"), dice)
    return {
        name: known.get(name, _any(told, dice))
        for name, told in schema.get("properties", {}).items()
    }


def wild(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply with nonsense in every field but the diagnosis."""
    return {name: WILD.get(name, value) for name, value in reply.items()}


def _claim(message: Any, dice: random.Random) -> dict[str, Any]:
    try:
        told = json.loads(message)
        sampled, limits = told["sampled"], told["limits"]
        code, label = dice.choice(told["candidates"])
    except (TypeError, ValueError, KeyError, IndexError):
        return {}
    low, high = limits["amount_claimed"]
    claimed = dice.randint(int(low) // 100, max(int(high) // 100, int(low) // 100)) * 100
    los = dice.randint(*limits["los"])
    return {
        "dx_primary_code": code,
        "dx_primary_label": label,
        "severity_group": sampled["severity_group"],
        "service_type": sampled["service_type"],
        "facility": sampled["facility"],
        "los": los,
        "amount_claimed": claimed,
        "amount_paid": claimed,
        "flags": ["short_stay_high_cost"] if told["claim"]["fraud"] else [],
        "dx_secondary_codes": list(sampled.get("dx_secondary_codes") or []),
        "narrative": _narrative(sampled["service_type"], label, los),
    }


def _narrative(service: str, label: str, los: int) -> str:
    if service == "RITL" and los > 0:
        return f"Pasien dirawat inap dengan {label} selama {los} hari. Pasien pulang membaik."
    if service == "RITL":
        return f"Pasien dirawat inap dengan {label} dan pulang pada hari yang sama."
    return f"Pasien datang ke poliklinik dengan {label}. Terapi diberikan sesuai indikasi."


def _any(told: dict[str, Any], dice: random.Random) -> Any:
    if "enum" in told:
        return dice.choice(told["enum"])
    values = {"integer": 1, "number": 100_000, "boolean": False, "array": [], "object": {}}
    return values.get(told.get("type", "string"), "teks")
