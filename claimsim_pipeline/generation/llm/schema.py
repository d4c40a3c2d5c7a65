"""What a model answers, and the JSON schema that it must follow; the schema is made once."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SERVICES = ("RJTL", "RITL")
SEVERITIES = ("ringan", "sedang", "berat", "fatal")

_FENCE = re.compile(r"^\s*```[a-zA-Z]*\s*(.*?)\s*```\s*$", re.DOTALL)
_HUGE = 10**15

Amount = Annotated[float, Field(allow_inf_nan=False, ge=-_HUGE, le=_HUGE)]


class InvalidReply(Exception):
    """A reply that is no valid JSON for the schema."""


class Reply(BaseModel):
    """A claim as a model proposes it. Servers that do not enforce schemas may add fields."""

    model_config = ConfigDict(extra="ignore", title="claim")

    dx_primary_code: str = Field(
        max_length=200,
        description="Primary diagnosis: the ICD-10 category of one of the candidates, "
        "three characters, e.g. J45.",
    )
    dx_primary_label: str = Field(
        max_length=1000, description="Label of that candidate, copied exactly."
    )
    severity_group: str = Field(
        max_length=200,
        json_schema_extra={"enum": list(SEVERITIES)},
        description="INA-CBG severity: ringan = outpatient, sedang = level I, berat = level II, "
        "fatal = level III.",
    )
    service_type: str = Field(
        max_length=200,
        json_schema_extra={"enum": list(SERVICES)},
        description="RJTL = outpatient, RITL = inpatient.",
    )
    facility: str = Field(max_length=1000, description="Name of the facility, copied exactly.")
    los: int = Field(ge=-_HUGE, le=_HUGE, description="Length of stay in days; 0 for outpatients.")
    amount_claimed: Amount = Field(
        description="Tariff that the facility claims, in rupiah, a multiple of 100."
    )
    amount_paid: Amount = Field(
        description="What BPJS Kesehatan paid, in rupiah, at most amount_claimed; nearly always "
        "equal to it."
    )
    flags: list[str] = Field(
        max_length=100,
        description="Names of the audit rules that the claim would break, if any.",
    )
    dx_secondary_codes: list[str] = Field(
        max_length=200,
        description="Secondary diagnoses: ICD-10 codes without a dot, four or five characters, "
        "e.g. E119; empty if there are none.",
    )
    narrative: str = Field(
        max_length=20_000,
        description="Two or three short sentences in Indonesian about the care, 40 to 400 "
        "characters, plain text.",
    )


def parse(text: str) -> Reply:
    """The reply in a model's text; a Markdown fence around it does no harm.

    Raises:
        InvalidReply: If the text is no valid JSON for the schema.
    """
    fenced = _FENCE.match(text)
    try:
        return Reply.model_validate_json(fenced.group(1) if fenced else text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "reply"
        raise InvalidReply(f"{place}: {first['msg']}") from None


@cache
def text_format() -> dict[str, Any]:
    """The ``text`` parameter of a request: the strict schema."""
    return {"format": {"type": "json_schema", "name": "claim", "strict": True, "schema": _schema()}}


def _schema() -> dict[str, Any]:
    made = Reply.model_json_schema()
    properties = {name: _plain(told) for name, told in made["properties"].items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """Only what every server's strict mode understands."""
    kept: dict[str, Any] = {
        name: told[name] for name in ("type", "description", "enum") if name in told
    }
    if "items" in told:
        kept["items"] = {"type": told["items"]["type"]}
    return kept
