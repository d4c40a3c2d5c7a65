"""An ad hoc run from its plan to the last claim: what the CLI and Dagster both do."""

from __future__ import annotations

from claimsim_pipeline.simulation.ad_hoc import AdHocRun, Makers, learn, scored_claims
from claimsim_pipeline.simulation.clock import Clock, StopRequest
from claimsim_pipeline.simulation.publication import OnPublished, Publisher, publish_run
from claimsim_pipeline.simulation.record import RunRecord
from claimsim_pipeline.storage.store import ClaimStore


def stream_run(
    run: AdHocRun,
    record: RunRecord,
    *,
    store: ClaimStore,
    makers: Makers,
    clock: Clock,
    stop: StopRequest,
    told: OnPublished | None = None,
) -> None:
    """Make, score and publish the run's claims.

    Args:
        run: What to do.
        record: Counts what was done.
        store: Where the claims come from and go to.
        makers: Generator and model.
        clock: Tells the time and waits.
        stop: Ends the run between two publications.
        told: Is shown every publication.

    Raises:
        Interrupted: If a stop was requested; what was published stays.
    """
    with stop.before_failure():
        store.prepare()
        learnt = learn(run, store)
        run = run.from_now(clock.now())  # the base has been read: no claim need be late
        frames = scored_claims(run, learnt, store, makers, clock, record.timezone)
        publish_run(frames, Publisher(store, record, clock, told), live=run.live, stop=stop)
