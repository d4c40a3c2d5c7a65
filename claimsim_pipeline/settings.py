"""Every environment variable, once. Only the doors read this.

An empty value counts as unset. A bad value gives one error that names the key,
the value and what is allowed; the value of a secret is never shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from claimsim_pipeline.errors import SettingsError


def _key(value: object) -> object:
    """As a header can carry it: a file's line break at the end is cut off, any other refused."""
    if not isinstance(value, str):
        return value
    if not _PLAIN.fullmatch(value.strip()):
        raise ValueError("a key")
    return value.strip()


def _address(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("an address")  # reading an impossible port or host raises one, too
    return text.strip()


_PLAIN = re.compile(r"[!-~]+")
_PASSWORD = re.compile(r"//[^/@]*@")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("an IANA timezone, such as Asia/Jakarta") from None
    return name


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value.strip()):
        raise ValueError("a day, YYYY-MM-DD")  # pydantic would take a number for a Unix time
    return value


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECRETS = frozenset({"OPENAI_API_KEY", "OPEN_AI_API_KEY"})


class Settings(BaseSettings):
    """What the environment says; immutable, defaults as in the contract."""

    model_config = SettingsConfigDict(
        env_prefix="SIM_", frozen=True, extra="ignore", populate_by_name=True, allow_inf_nan=False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what :func:`load_settings` found; tests hand in an environment of their own."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    duckdb_path: Path = Field(
        Path("/data/analytics.duckdb"), validation_alias="DUCKDB_PATH", description="a path"
    )
    interval_seconds: float = Field(10.0, gt=0, description="seconds, > 0")
    duration_seconds: float = Field(300.0, gt=0, description="seconds, > 0")
    max_claims: int = Field(120, ge=1, description="a whole number, >= 1")
    interval_jitter: float = Field(0.3, ge=0, lt=1, description="a share, 0 <= x < 1")
    fraud_ratio: float = Field(0.8, ge=0, le=1, description="a chance, 0 to 1")
    force_llm: bool = Field(True, description="true or false")
    llm_model: str = Field("gpt-4o-mini", min_length=1, description="the name of a model")
    claim_prefix: str = Field(
        "SIM", pattern=r"^[A-Z0-9]{1,16}$", description="1 to 16 of A-Z and 0-9"
    )
    log_path: Path = Field(Path("instance/logs/simulation_runs.jsonl"), description="a path")
    home: Path = Field(Path("instance"), description="a folder")
    openai_api_key: Annotated[SecretStr | None, BeforeValidator(_key)] = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY", "OPEN_AI_API_KEY"),
        description="a key: letters, digits and signs of ASCII, no spaces",
    )
    openai_base_url: Annotated[str, AfterValidator(_address)] | None = Field(
        None,
        validation_alias="OPENAI_BASE_URL",
        pattern=r"^\s*https?://\S+\s*$",
        description="an address that begins with http:// or https://",
    )
    llm_concurrency: int = Field(8, ge=1, le=1024, description="a whole number, 1 to 1024")
    fraud_profile: Literal["demo", "realistic"] = Field("demo", description="demo or realistic")
    retention_days: float = Field(7.0, gt=0, le=36_500, description="days, > 0 and <= 36500")
    scores_path: Path = Field(Path("instance/data/claims_ml_scores.parquet"), description="a path")
    refresh_min_claims: int = Field(500, ge=1, description="a whole number, >= 1")
    partitions_start: Annotated[date, BeforeValidator(_day)] = Field(
        date(2026, 1, 1), description="a day, YYYY-MM-DD"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Jakarta", description="an IANA timezone, such as Asia/Jakarta"
    )
    llm_max_cost_usd: float | None = Field(None, gt=0, description="US dollars, > 0, or empty")
    llm_batch: bool = Field(False, description="true or false")
    store_deadline_seconds: float = Field(30.0, gt=0, description="seconds, > 0")
    lease_wait_seconds: float = Field(3600.0, ge=0, description="seconds, >= 0")
    max_db_gb: float = Field(5.0, gt=0, description="gigabytes, > 0")
    feed_snapshot: Path | None = Field(None, description="a path, or empty")


def environment_names() -> dict[str, tuple[str, ...]]:
    """The environment variables of each field, the first one being its proper name."""
    return {name: _names(name) for name in Settings.model_fields}


def load_settings(
    environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")
) -> Settings:
    """Read the settings.

    Args:
        environ: Variables; None: those of the process. They win over the file.
        dotenv: A file of more variables; it need not exist.

    Raises:
        SettingsError: If a value is not allowed.
    """
    told = {**_from_file(dotenv), **(os.environ if environ is None else environ)}
    values = {
        field: next((told[name] for name in _names(field) if told.get(name, "").strip()), None)
        for field in Settings.model_fields
    }
    given: dict[str, Any] = {field: value for field, value in values.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explained(error, told)) from None


def _names(field: str) -> tuple[str, ...]:
    alias = Settings.model_fields[field].validation_alias
    if alias is None:
        return (f"SIM_{field.upper()}",)
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),)


def _from_file(dotenv: Path | None) -> dict[str, str]:
    if dotenv is None or not dotenv.is_file():
        return {}
    source = DotEnvSettingsSource(Settings, env_file=dotenv, case_sensitive=True)
    return {name: value or "" for name, value in source.env_vars.items()}


def _explained(error: ValidationError, told: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        field = _field_of(str(problem["loc"][0]))
        key = next((n for n in _names(field) if n in told), _names(field)[0])
        value = _PASSWORD.sub("//(hidden)@", told.get(key, ""))
        shown = "(hidden)" if key in _SECRETS else repr(value)[:120]
        lines.append(f"{key}={shown} is not allowed: {Settings.model_fields[field].description}.")
    return "\n".join(dict.fromkeys(lines))


def _field_of(location: str) -> str:
    """The field that pydantic names by its field or by its alias."""
    if location in Settings.model_fields:
        return location
    return next(name for name in Settings.model_fields if location in _names(name))
