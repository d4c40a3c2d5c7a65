"""The stages of a claim: sample, brief, generate, score.

The command line and the Dagster assets call these same functions; each takes
a plan or the frame before it and gives the frame after it. None of them sleeps,
logs or knows who called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from claimsim_pipeline.claims.columns import COLUMNS
from claimsim_pipeline.claims.consequences import derive
from claimsim_pipeline.claims.reference import Reference
from claimsim_pipeline.generation.brief import Briefs, compose
from claimsim_pipeline.generation.door import ClaimGenerator
from claimsim_pipeline.scoring.score import Anomaly, score
from claimsim_pipeline.simulation.plan import Plan, RunSpec
from claimsim_pipeline.storage.store import ClaimStore


@dataclass(frozen=True)
class Setting:
    """What all stages of a run have in common.

    Attributes:
        spec: The user's choices.
        run_id: Of the run that makes the claims.
        timezone: IANA name, of dates.
    """

    spec: RunSpec
    run_id: str
    timezone: str


def sample(store: ClaimStore, plan: Plan) -> pd.DataFrame:
    """One context row of ``claims_normalized`` for each slot of the plan."""
    return store.sample_contexts(plan.context_draws)


def brief(plan: Plan, contexts: pd.DataFrame, reference: Reference, setting: Setting) -> Briefs:
    """What each claim is to be: honest or of a scenario, where, within which bounds."""
    spec = setting.spec
    return compose(
        plan.frame,
        plan.dice,
        contexts,
        reference,
        profile=spec.fraud_profile,
        seed=spec.seed or 0,
    )


def generate(
    briefs: Briefs, reference: Reference, generator: ClaimGenerator, setting: Setting
) -> Iterator[pd.DataFrame]:
    """Finished claims, whole units at a time: contract columns, narrative and truth."""
    for drafts in generator.generate(briefs, reference):
        yield complete(drafts, briefs, reference, setting)


def complete(
    drafts: pd.DataFrame, briefs: Briefs, reference: Reference, setting: Setting
) -> pd.DataFrame:
    """Drafts with all their consequences and their line of the answer sheet."""
    told = briefs.frame.iloc[drafts["slot"].to_numpy()].reset_index(drop=True)
    facts = drafts.reset_index(drop=True)
    facts = facts.assign(**{name: told[name] for name in ("key", "claim_id", "due_at")})
    claims = derive(facts, reference, timezone=setting.timezone)
    return claims.assign(
        narrative=facts["narrative"],
        window_start=told["window_start"],
        run_id=setting.run_id,
        is_fraud=told["is_fraud"],
        fraud_scenario=told["scenario"],
        **{name: facts[name] for name in _FROM_DRAFT},
        due_at=told["due_at"],
    )


_FROM_DRAFT = ("generator", "llm_model", "prompt_version", "generator_flags")


def judge(claims: pd.DataFrame, model: Anomaly | None, scored_at: datetime) -> pd.DataFrame:
    """The claims with their flags and scores, computed from contract columns alone."""
    scores = score(claims.loc[:, list(COLUMNS)], model).drop(
        columns=["claim_id", "ruleset_version"]  # which are columns of the claim already
    )
    when = pd.Series(pd.Timestamp(scored_at), index=claims.index).astype("datetime64[us, UTC]")
    return pd.concat([claims, scores], axis=1).assign(scored_at=when)
