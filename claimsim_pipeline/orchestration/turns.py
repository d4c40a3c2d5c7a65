"""The stages of the simulation over batches of windows, in turns of bounded size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from claimsim_pipeline.errors import BatchPending
from claimsim_pipeline.orchestration.choices import Choices
from claimsim_pipeline.orchestration.staging import Batch, Staged
from claimsim_pipeline.simulation.windows import Window

if TYPE_CHECKING:
    import pandas as pd

    from claimsim_pipeline.generation.door import ClaimGenerator
    from claimsim_pipeline.scoring.score import Anomaly
    from claimsim_pipeline.simulation.clock import Clock
    from claimsim_pipeline.simulation.stages import Setting
    from claimsim_pipeline.storage.store import ClaimStore

In = TypeVar("In")
Out = TypeVar("Out")

MOST_ROWS = 100_000
"""Claims that are worked on together; more windows than that go in turns."""


def sampled(windows: Sequence[Window], choices: Choices, store: "ClaimStore") -> Staged:
    """A context row of the base for each claim of the windows."""
    from claimsim_pipeline.simulation import stages
    from claimsim_pipeline.simulation.plan import join, plan_window

    batches = []
    plans = [plan_window(window, choices.spec) for window in windows]
    for first, end in spans([len(plan) for plan in plans]):
        contexts = stages.sample(store, join(plans[first:end]))
        keys = [window.key for window in windows[first:end]]
        counts = [len(plan) for plan in plans[first:end]]
        batches.append(Batch(choices, keys, contexts, counts))
    return Staged(batches)


def generated(
    batch: Batch,
    windows: Sequence[Window],
    setting: "Setting",
    store: "ClaimStore",
    generator: "ClaimGenerator",
) -> Batch:
    """The finished claims of a batch of contexts."""
    import pandas as pd

    from claimsim_pipeline.simulation import stages
    from claimsim_pipeline.simulation.plan import join, plan_window

    reference = store.read_reference()
    plans = [plan_window(window, batch.choices.spec) for window in windows]

    def made(turn: tuple[Batch, tuple[int, int]]) -> pd.DataFrame:
        part, (first, end) = turn
        plan = join(plans[first:end])
        contexts = _renumbered(part)
        known = reference.including(contexts)
        briefs = stages.brief(plan, contexts, known, setting)
        return pd.concat(stages.generate(briefs, known, generator, setting), ignore_index=True)

    claims = pd.concat(all_or_pending(made, split(batch)), ignore_index=True)
    return in_windows(batch, claims, windows)


def all_or_pending(make: Callable[[In], Out], wanted: Iterable[In]) -> list[Out]:
    """What is made of each.

    Raises:
        BatchPending: If one has to wait for the model's batch; the others have been asked for.
    """
    made, pending = [], None
    for one in wanted:
        try:
            made.append(make(one))
        except BatchPending as waiting:
            pending = pending or waiting
    if pending is not None:
        raise pending
    return made


def scored(batch: Batch, model: "Anomaly | None", clock: "Clock") -> Batch:
    """The claims of a batch with flags and scores, claim by claim the same in any batch."""
    import pandas as pd

    from claimsim_pipeline.simulation import stages

    frames = [stages.judge(part.frame, model, clock.now()) for part, _ in split(batch)]
    return replace(batch, frame=pd.concat(frames, ignore_index=True))


def split(batch: Batch) -> Iterator[tuple[Batch, tuple[int, int]]]:
    """Parts of bounded size, whole windows each, with the ordinals of their windows."""
    row = 0
    for first, end in spans(batch.counts):
        counts = batch.counts[first:end]
        frame = batch.frame.iloc[row : row + sum(counts)].reset_index(drop=True)
        row += sum(counts)
        yield replace(batch, keys=batch.keys[first:end], frame=frame, counts=counts), (first, end)


def spans(counts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of windows with at most ``MOST_ROWS`` rows together, or a single window."""
    first, rows = 0, 0
    for ordinal, count in enumerate(counts):
        if rows and rows + count > MOST_ROWS:
            yield first, ordinal
            first, rows = ordinal, 0
        rows += count
    if counts:
        yield first, len(counts)


def in_windows(batch: Batch, claims: "pd.DataFrame", windows: Sequence[Window]) -> Batch:
    """Claims put into the order of their windows and due times."""
    ordered = claims.sort_values(["due_at", "claim_id"], kind="stable", ignore_index=True)
    begins = ordered["window_start"].searchsorted([window.start for window in windows])
    ends = [*begins[1:].tolist(), len(ordered)]
    counts = [end - begin for begin, end in zip(begins.tolist(), ends, strict=True)]
    return replace(batch, frame=ordered, counts=counts)


def _renumbered(batch: Batch) -> "pd.DataFrame":
    """Contexts whose ``draw`` is the window's ordinal in this batch."""
    import numpy as np

    return batch.frame.assign(draw=np.repeat(np.arange(len(batch.counts)), batch.counts))
