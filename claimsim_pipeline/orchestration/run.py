"""A Dagster run as the simulation sees it: one lease, one line in the run log.

The lease is taken when the first asset has checked what it was asked for, so
that a wrong key or a bad value fails at once instead of after an hour's wait,
and it is held until the run ends, over all of its steps.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

from claimsim_pipeline.composition import house, run_record, zone
from claimsim_pipeline.errors import ClaimsimError, Interrupted
from claimsim_pipeline.settings import Settings
from claimsim_pipeline.simulation.clock import Clock, StopRequest

if TYPE_CHECKING:
    from claimsim_pipeline.simulation.plan import RunSpec
    from claimsim_pipeline.simulation.record import RunRecord


class SimulationRun:
    """What surrounds the steps of one Dagster run.

    Attributes:
        settings: As the code location was built with.
        clock: Of the run.
        run_id: Dagster's, so that the log leads to the UI and back.
    """

    def __init__(self, settings: Settings, clock: Clock, run_id: str) -> None:
        """A run that has not begun."""
        self.settings = settings
        self.clock = clock
        self.run_id = run_id
        self.error: BaseException | None = None
        self._record: RunRecord | None = None
        self._scope = ExitStack()

    @property
    def record(self) -> "RunRecord | None":
        """The counts of the run; None until it has begun."""
        return self._record

    @property
    def zone(self) -> ZoneInfo:
        """Of windows and dates."""
        return zone(self.settings)

    def begin(
        self, spec: "RunSpec", window: str | None, *, run_id: str | None = None
    ) -> "RunRecord":
        """Take the lease and open the log's line; later calls give the same record."""
        from claimsim_pipeline.simulation.scope import run_scope

        if self._record is None:
            record = run_record(
                self.settings, run_id or self.run_id, spec, self.clock.now(), window=window
            )
            wait = self.settings.lease_wait_seconds
            scope = run_scope(house(self.settings), record, self.clock, wait_seconds=wait)
            self._record = self._scope.enter_context(scope)
        return self._record

    def watch(self, generator: object) -> None:
        """Let the record tell what the generator spends, if it pays for its claims."""
        if self._record is not None:
            self._record.watch(generator, self.settings.llm_model)

    def tell_remarks(self, log: dg.DagsterLogManager) -> None:
        """Warn of what the user should hear of the model."""
        for remark in self._record.remarks() if self._record is not None else []:
            log.warning(remark)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Note how a step ended, and tell Dagster in its own terms.

        Errors of ours become a Failure whose description is their message,
        never retried by Dagster; an interruption stays one.
        """
        try:
            with as_failure():
                yield
        except dg.Failure as failure:
            self._note(failure.__cause__ or failure)
            raise
        except (KeyboardInterrupt, DagsterExecutionInterruptedError) as error:
            self._note(error.__cause__ or Interrupted("Dagster was asked to stop the run."))
            raise
        except BaseException as error:
            self._note(error)
            raise

    def _note(self, error: BaseException) -> None:
        self.error = self.error or error

    def close(self) -> None:
        """Write the line of the log, and let the lease go."""
        error = self.error
        if error is None:
            self._scope.close()
        else:  # the scope writes it down; Dagster has been told
            self._scope.__exit__(type(error), error, error.__traceback__)


@contextmanager
def as_failure() -> Iterator[None]:
    """Raise errors of ours as Dagster's, their message for a description."""
    try:
        yield
    except Interrupted as error:
        raise DagsterExecutionInterruptedError(str(error)) from error
    except ClaimsimError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Let a signal end the run between two claims, where signals can be had."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    with stop.on_signals():
        yield stop
