"""From the settings to the rooms: who is built with what, once, for both doors.

The command line and Dagster both come through here, so that a run means the
same however it was started. Only this module turns a setting into an argument;
the rooms below know nothing of settings.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from claimsim_pipeline.generation.door import ClaimGenerator
    from claimsim_pipeline.generation.llm.batch import Batches
    from claimsim_pipeline.generation.llm.batch_state import BatchState
    from claimsim_pipeline.generation.llm.client import Endpoint
    from claimsim_pipeline.generation.llm.estimate import Estimate
    from claimsim_pipeline.insight.scores_refresh import Refreshed
    from claimsim_pipeline.scoring.score import Anomaly
    from claimsim_pipeline.settings import Settings
    from claimsim_pipeline.simulation.ad_hoc import AdHocRun
    from claimsim_pipeline.simulation.plan import RunSpec
    from claimsim_pipeline.simulation.record import RunRecord
    from claimsim_pipeline.simulation.scope import House
    from claimsim_pipeline.storage.run_log import RunLog
    from claimsim_pipeline.storage.store import ClaimStore


def open_store(settings: Settings) -> ClaimStore:
    """The user's database. Nothing is opened until it is asked for something."""
    from claimsim_pipeline.scoring.rules import RULESET
    from claimsim_pipeline.storage.store import ClaimStore

    return ClaimStore(
        settings.duckdb_path,
        timezone=settings.timezone,
        rules=RULESET,
        deadline_seconds=settings.store_deadline_seconds,
        feed_snapshot=settings.feed_snapshot,
    )


def house(settings: Settings) -> House:
    """The places a run needs besides the database's content."""
    from claimsim_pipeline.simulation.scope import House

    return House(
        database=settings.duckdb_path,
        home=settings.home,
        log=settings.log_path,
        max_database_gb=settings.max_db_gb,
    )


def run_log(settings: Settings) -> RunLog:
    """The log of runs, and the markers of those that have not ended."""
    from claimsim_pipeline.storage.run_log import RunLog

    return RunLog(settings.log_path, settings.home)


def dead_runs(settings: Settings) -> Iterator[str]:
    """Ids of runs that were killed, and of those that were while they waited for their turn."""
    from claimsim_pipeline.storage.waiting import gave_up

    yield from run_log(settings).dead()
    yield from gave_up(settings.home)


def run_spec(settings: Settings, **overrides: Any) -> RunSpec:
    """The user's choices about a run; an override of None leaves the setting as it is."""
    from claimsim_pipeline.simulation.plan import RunSpec

    spec = RunSpec(
        duration_seconds=settings.duration_seconds,
        interval_seconds=settings.interval_seconds,
        max_claims=settings.max_claims,
        jitter=settings.interval_jitter,
        fraud_ratio=settings.fraud_ratio,
        fraud_profile=settings.fraud_profile,
        prefix=settings.claim_prefix,
    )
    return replace(spec, **{name: value for name, value in overrides.items() if value is not None})


def run_record(
    settings: Settings,
    run_id: str,
    spec: RunSpec,
    started_at: datetime,
    *,
    window: str | None = None,
) -> RunRecord:
    """The empty record of a run that begins."""
    from claimsim_pipeline.simulation.record import RunRecord

    return RunRecord(
        run_id=run_id,
        spec=spec,
        duckdb_path=str(settings.duckdb_path),
        force_llm=settings.force_llm,
        timezone=settings.timezone,
        started_at=started_at,
        window=window,
    )


def zone(settings: Settings) -> ZoneInfo:
    """The timezone of windows, schedules and dates."""
    return ZoneInfo(settings.timezone)


def models_folder(settings: Settings) -> Path:
    """Where the anomaly model is kept."""
    return settings.home / "models"


def load_model(settings: Settings, store: ClaimStore) -> Anomaly | None:
    """The anomaly model for the store's base; None: rules only (too few rows)."""
    from claimsim_pipeline.simulation.refresh import model_of

    return model_of(store, models_folder(settings)).model


def make_generator(
    settings: Settings, *, run_id: str, regenerate: bool = False, batch: bool = False
) -> ClaimGenerator:
    """Who makes the claims of a run: the model if there is one, else the mutator.

    Args:
        settings: Key, model, budget, and whether the mutator may stand in.
        run_id: Of the run, for the journal.
        regenerate: Buy replies anew that the journal holds.
        batch: Ask through the batch API; the claims are there when it is collected.

    Raises:
        LLMUnavailable: If there is neither a key nor a server of one's own, and
            ``SIM_FORCE_LLM=true``.
        UsageError: If there is a budget, and the model has no known price.
    """
    from claimsim_pipeline.generation.mutator import Mutator

    if not settings.force_llm and not _has_model(settings):
        return Mutator()
    from claimsim_pipeline.generation.llm.generator import LLMGenerator, Options

    options = Options(
        model=settings.llm_model,
        run_id=run_id,
        home=settings.home,
        force=settings.force_llm,
        regenerate=regenerate,
        max_cost_usd=settings.llm_max_cost_usd,
    )
    return LLMGenerator(
        _endpoint(settings),
        options,
        fallback=None if settings.force_llm else Mutator(),
        submit=_batches(settings, run_id, regenerate).submit if batch else None,
    )


def _has_model(settings: Settings) -> bool:
    return settings.openai_api_key is not None or settings.openai_base_url is not None


def _endpoint(settings: Settings) -> Endpoint:
    from claimsim_pipeline.generation.llm.client import Endpoint

    key = settings.openai_api_key
    return Endpoint(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.openai_base_url,
        concurrency=settings.llm_concurrency,
    )


def _batches(settings: Settings, run_id: str = "", regenerate: bool = False) -> Batches:
    from claimsim_pipeline.generation.llm.batch import Batches

    return Batches(
        _endpoint(settings),
        settings.home,
        settings.llm_model,
        run_id,
        max_cost_usd=settings.llm_max_cost_usd,
        regenerate=regenerate,
    )


def refresh_scores(
    settings: Settings, now: datetime, *, top_k: int = 50, retrain: bool = False
) -> Refreshed:
    """Score every claim of the feed, replace table and cache, write the quality snapshot."""
    from claimsim_pipeline.insight.scores_refresh import refresh_scores as refresh

    store = open_store(settings)
    store.prepare()  # there may have been no simulation yet
    return refresh(
        store,
        home=settings.home,
        scores_path=settings.scores_path,
        now=now,
        top_k=top_k,
        retrain=retrain,
    )


def retention(settings: Settings, older_than_days: float | None = None) -> float:
    """Days that a simulated claim is kept.

    Raises:
        UsageError: If ``older_than_days`` is negative or no number of days.
    """
    from claimsim_pipeline.errors import UsageError

    days = float(settings.retention_days if older_than_days is None else older_than_days)
    if not 0 <= days <= 36_500:
        raise UsageError(f"older_than_days is {days:g}; allowed: 0 to 36500.")
    return days


def staging_folder(settings: Settings) -> Path:
    """Where the frames between assets lie."""
    return settings.home / "staging"


def sweep(settings: Settings, cutoff: datetime) -> int:
    """Delete files that belong to claims from before the cutoff; how many."""
    from claimsim_pipeline.storage.sweeping import sweep

    return sweep(settings.home, settings.log_path, cutoff)


def collect_batches(settings: Settings) -> list[BatchState]:
    """Fetch what the batch API has ready; all batches that are not yet acknowledged."""
    if not _has_model(settings):
        return []
    return _batches(settings).collect()


def keep_batch_plan(settings: Settings, run_id: str, spec: RunSpec) -> None:
    """Keep what a submitted run was planned with: another plan would ask for other claims."""
    from claimsim_pipeline.storage.manifests import save_manifest

    save_manifest(_batch_plans(settings), run_id, {"spec": asdict(spec)})


def batch_plan(settings: Settings, run_id: str) -> RunSpec:
    """What a submitted run was planned with."""
    from claimsim_pipeline.simulation.plan import RunSpec
    from claimsim_pipeline.storage.manifests import load_manifest

    return RunSpec(**load_manifest(_batch_plans(settings), run_id)["spec"])


def _batch_plans(settings: Settings) -> Path:
    """Beside the book of batches, which is not swept however long a batch takes."""
    return settings.home / "journal" / "batches"


def acknowledge_batch(settings: Settings, batch_id: str) -> None:
    """Note that a batch's claims are published."""
    _batches(settings).acknowledge(batch_id)


def estimate_run(settings: Settings, run: AdHocRun) -> Estimate:
    """What the run would cost; nothing is asked for or written."""
    from claimsim_pipeline.generation.llm.estimate import estimate
    from claimsim_pipeline.simulation import stages
    from claimsim_pipeline.simulation.plan import plan_run

    store = open_store(settings)
    reference = store.read_reference()
    plan = next(iter(plan_run(run.run_id, run.start, run.spec)))  # one block stands for all
    contexts = stages.sample(store, plan)
    known = reference.including(contexts)
    setting = stages.Setting(run.spec, run.run_id, settings.timezone)
    briefs = stages.brief(plan, contexts, known, setting)
    return estimate(briefs, known, settings.llm_model, home=settings.home, claims=run.planned)


def write_page(settings: Settings, now: datetime) -> Path:
    """Write the page of high-risk claims anew."""
    from claimsim_pipeline.insight.report import write_report

    return write_report(open_store(settings), settings.home, now=now, timezone=settings.timezone)
