"""Every error that claimsim raises on purpose.

Each leaf says what happened, with which value, and what to do; it knows the
exit code of the command line and whether trying again later can help::

    ClaimsimError
    ├── ConfigurationError            2   what the user typed or set
    │   ├── SettingsError                 a bad environment variable
    │   ├── PartitionKeyError             an off-grid, future or malformed window
    │   └── UsageError                    a bad option or combination of options
    ├── BaseTableError                1   the user's claims_normalized
    │   ├── DatabaseMissing
    │   ├── NotADatabase
    │   ├── DatabaseTooNew
    │   ├── BaseTableMissing
    │   ├── BaseTableEmpty
    │   ├── BaseColumnsMissing
    │   └── BaseColumnsUnusable
    ├── StoreError                    1   the database as a place to write
    │   ├── StoreBusy                     retry: another process holds the file
    │   ├── LeaseHeld                     retry: another simulation is running
    │   ├── DiskFull
    │   ├── DatabaseTooLarge
    │   ├── FolderNotWritable
    │   └── ClaimIdTaken
    ├── GenerationError               1   claims that could not be made
    │   ├── LLMUnavailable
    │   ├── BudgetStopped
    │   ├── ClaimsNotDelivered
    │   ├── BatchPending
    │   └── JournalDamaged
    ├── ScoringError                  1
    │   └── ModelUnusable
    ├── SubmissionError               1   a running Dagster, asked for claims
    │   ├── DagsterUnreachable            retry: nobody answers at the address
    │   ├── RunRefused
    │   └── RunUnderWay                   retry: such a run is queued or started
    └── Interrupted             130/143   SIGINT or SIGTERM
"""

from __future__ import annotations

import signal
from typing import ClassVar


class ClaimsimError(Exception):
    """Root of the tree. Its text is meant for the person at the terminal."""

    exit_code: int = 1
    retryable: ClassVar[bool] = False


class ConfigurationError(ClaimsimError):
    """What the user typed or set cannot be used."""

    exit_code = 2


class SettingsError(ConfigurationError):
    """An environment variable holds a value that is not allowed."""


class PartitionKeyError(ConfigurationError):
    """A partition key names no window that exists (yet)."""


class UsageError(ConfigurationError):
    """An option, or a combination of options, makes no sense."""


class BaseTableError(ClaimsimError):
    """The database or its ``claims_normalized`` cannot serve as a base."""


class DatabaseMissing(BaseTableError):
    """There is no file at ``DUCKDB_PATH``."""


class NotADatabase(BaseTableError):
    """The file at ``DUCKDB_PATH`` is no DuckDB database."""


class DatabaseTooNew(BaseTableError):
    """The database was written by a newer DuckDB than the one installed."""


class BaseTableMissing(BaseTableError):
    """The database has no ``claims_normalized``."""


class BaseTableEmpty(BaseTableError):
    """``claims_normalized`` has no rows to sample from."""


class BaseColumnsMissing(BaseTableError):
    """``claims_normalized`` lacks a required column."""


class BaseColumnsUnusable(BaseTableError):
    """A column of ``claims_normalized`` has a type that claims cannot have."""


class StoreError(ClaimsimError):
    """The database cannot be written to."""


class StoreBusy(StoreError):
    """Another process held the database file until the deadline."""

    retryable = True


class LeaseHeld(StoreError):
    """Another simulation runs on this database."""

    retryable = True


class DiskFull(StoreError):
    """There was no space left for a write; nothing was half-written."""


class DatabaseTooLarge(StoreError):
    """The database is larger than ``SIM_MAX_DB_GB`` allows."""


class FolderNotWritable(StoreError):
    """A folder that claimsim writes to cannot be written."""


class ClaimIdTaken(StoreError):
    """A claim id of this batch belongs to a claim of another run."""


class GenerationError(ClaimsimError):
    """Claims could not be made."""


class LLMUnavailable(GenerationError):
    """The model cannot be reached, or will not answer us."""


class BudgetStopped(GenerationError):
    """The run's budget is spent; what was bought is kept."""


class ClaimsNotDelivered(GenerationError):
    """The model gave up on some claims, and no fallback is allowed."""


class BatchPending(GenerationError):
    """A batch was submitted and its replies are not there yet."""


class JournalDamaged(GenerationError):
    """The journal of paid replies is damaged beyond its last record."""


class ScoringError(ClaimsimError):
    """Claims could not be scored."""


class ModelUnusable(ScoringError):
    """The anomaly model's files are damaged or of another version."""


class SubmissionError(ClaimsimError):
    """A running Dagster was asked for a run, and there will be none."""


class DagsterUnreachable(SubmissionError):
    """Nobody answers at the address, or nobody who speaks Dagster's GraphQL."""

    retryable = True


class RunRefused(SubmissionError):
    """Dagster does not know the job, or does not like its configuration."""


class RunUnderWay(SubmissionError):
    """A run of that job is queued or started already."""

    retryable = True


class Interrupted(ClaimsimError):
    """A signal asked the run to stop; what was published stays.

    Args:
        message: What was done until then.
        signum: The signal, ``SIGINT`` or ``SIGTERM``.
    """

    def __init__(self, message: str, signum: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.signum = signum
        self.exit_code = 128 + signum
