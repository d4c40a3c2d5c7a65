"""Run config: what a user may choose for one run, over and above the environment.

The fields are optional; an empty one leaves the setting as it is. Values are
checked by the settings themselves, so that a bad one gets the same answer
wherever it was typed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from claimsim_pipeline.composition import run_spec
from claimsim_pipeline.errors import SettingsError
from claimsim_pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.plan import RunSpec

PACES = ("auto", "live", "instant")

_SETTING_OF = {
    "duration_seconds": "SIM_DURATION_SECONDS",
    "interval_seconds": "SIM_INTERVAL_SECONDS",
    "max_claims": "SIM_MAX_CLAIMS",
    "jitter": "SIM_INTERVAL_JITTER",
    "fraud_ratio": "SIM_FRAUD_RATIO",
    "fraud_profile": "SIM_FRAUD_PROFILE",
}


@dataclass(frozen=True)
class Choices:
    """The choices of a run, complete; they travel with the staged claims.

    Attributes:
        spec: What the plan is made from.
        pace: ``auto``, ``live`` or ``instant``.
        regenerate: Whether replies that the journal holds are bought anew.
        llm_batch: Whether past windows ask the model through its batch API.
    """

    spec: "RunSpec"
    pace: str = "auto"
    regenerate: bool = False
    llm_batch: bool = False

    def to_json(self) -> str:
        """For the metadata of a staged file; equal choices give equal text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Choices":
        """What :meth:`to_json` wrote."""
        from claimsim_pipeline.simulation.plan import RunSpec

        told = json.loads(text)
        return cls(**{**told, "spec": RunSpec(**told["spec"])})


class RunConfig(dg.Config):
    """What may be chosen for one run; whatever is left out comes from the environment."""

    duration_seconds: float | None = Field(
        default=None,
        description="Length of the run in seconds, > 0. A window's run ends with its window. "
        "Default: SIM_DURATION_SECONDS.",
    )
    interval_seconds: float | None = Field(
        default=None,
        description="Base gap between claims in seconds, > 0. Default: SIM_INTERVAL_SECONDS.",
    )
    max_claims: int | None = Field(
        default=None,
        description="Most claims (in each window), at least 1. Default: SIM_MAX_CLAIMS.",
    )
    jitter: float | None = Field(
        default=None,
        description="Variation of the gap, 0 to below 1: each gap is interval x U(1-x, 1+x). "
        "Default: SIM_INTERVAL_JITTER.",
    )
    fraud_ratio: float | None = Field(
        default=None,
        description="Chance that a claim is fraud, 0 to 1. Default: SIM_FRAUD_RATIO.",
    )
    fraud_profile: str | None = Field(
        default=None,
        description="demo: fraud that an auditor's dashboard shows at once; realistic: the subtle "
        "mix. Default: SIM_FRAUD_PROFILE.",
    )
    seed: int | None = Field(
        default=None,
        description="Another seed gives other claims for the same window; the same seed gives the "
        "same ones. Default: the window's key alone decides.",
    )
    pace: str = Field(
        default="auto",
        description="live: each claim appears when it is due; instant: all at once; auto: live "
        "for the current window (and inject_claims), instant for past windows.",
    )
    regenerate: bool = Field(
        default=False,
        description="Buy replies of the model anew even where the journal holds them.",
    )
    llm_batch: bool | None = Field(
        default=None,
        description="Ask for past windows through the batch API: half the price, up to a day "
        "later. Default: SIM_LLM_BATCH.",
    )

    def choices(self, settings: Settings) -> Choices:
        """The choices of the run, complete.

        Raises:
            SettingsError: If a value is not allowed.
        """
        given = self.model_dump(include=set(_SETTING_OF), exclude_none=True)
        _check(given)
        if self.pace not in PACES:
            raise SettingsError(f"pace is {self.pace!r}; allowed: {', '.join(PACES)}.")
        if self.seed is not None and self.seed < 0:
            raise SettingsError(f"seed is {self.seed}; allowed: 0 or a positive whole number.")
        spec = replace(run_spec(settings, **given), seed=self.seed)
        batch = settings.llm_batch if self.llm_batch is None else self.llm_batch
        return Choices(spec, self.pace, self.regenerate, batch)


def _check(given: Mapping[str, Any]) -> None:
    """Let the settings say what they think of the values."""
    try:
        load_settings({_SETTING_OF[name]: str(value) for name, value in given.items()}, dotenv=None)
    except SettingsError as error:
        text = str(error)
        for name, key in _SETTING_OF.items():
            text = text.replace(key, name)
        raise SettingsError(f"Run config: {text}") from None
