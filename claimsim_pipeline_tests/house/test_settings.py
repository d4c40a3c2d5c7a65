"""Every setting is read once, documented, and refused with a clear word."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from claimsim_pipeline.errors import SettingsError
from claimsim_pipeline.settings import Settings, environment_names, load_settings

ROOT = Path(__file__).parents[2]


def test_the_example_names_every_setting_and_no_other() -> None:
    named = set(dotenv_values(ROOT / ".env.example"))
    assert named == {name for names in environment_names().values() for name in names}


def test_the_example_holds_the_defaults() -> None:
    assert load_settings({}, ROOT / ".env.example") == load_settings({}, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SIM_INTERVAL_SECONDS", "0"),
        ("SIM_INTERVAL_SECONDS", "ten"),
        ("SIM_DURATION_SECONDS", "-1"),
        ("SIM_DURATION_SECONDS", "inf"),
        ("SIM_MAX_CLAIMS", "0"),
        ("SIM_MAX_CLAIMS", "1.5"),
        ("SIM_INTERVAL_JITTER", "1"),
        ("SIM_FRAUD_RATIO", "1.1"),
        ("SIM_FRAUD_RATIO", "nan"),
        ("SIM_FORCE_LLM", "maybe"),
        ("SIM_CLAIM_PREFIX", "sim"),
        ("SIM_CLAIM_PREFIX", "'; DROP TABLE claims_live_stream; --"),
        ("SIM_CLAIM_PREFIX", "A" * 17),
        ("OPENAI_BASE_URL", "ftp://somewhere"),
        ("OPENAI_BASE_URL", "http://[::1/v1"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:99999/v1"),
        ("SIM_LLM_CONCURRENCY", "0"),
        ("SIM_FRAUD_PROFILE", "loud"),
        ("SIM_RETENTION_DAYS", "0"),
        ("SIM_RETENTION_DAYS", "1e12"),
        ("SIM_REFRESH_MIN_CLAIMS", "0"),
        ("SIM_PARTITIONS_START", "yesterday"),
        ("SIM_PARTITIONS_START", "0"),
        ("SIM_TIMEZONE", "Mars/Olympus"),
        ("SIM_TIMEZONE", "../../etc/passwd"),
        ("SIM_LLM_MAX_COST_USD", "0"),
        ("SIM_LLM_BATCH", "often"),
        ("SIM_STORE_DEADLINE_SECONDS", "0"),
        ("SIM_LEASE_WAIT_SECONDS", "-1"),
        ("SIM_MAX_DB_GB", "none"),
    ],
)
def test_a_bad_value_is_refused_with_key_value_and_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({key: value}, None)
    assert key in str(refused.value)
    assert value in str(refused.value) or "\\" in repr(value)
    assert "is not allowed: " in str(refused.value)
    assert refused.value.exit_code == 2


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"SIM_MAX_CLAIMS": "0", "SIM_FRAUD_RATIO": "2"}, None)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_value_counts_as_unset(empty: str) -> None:
    settings = load_settings({"OPENAI_API_KEY": empty, "OPENAI_BASE_URL": empty}, None)
    assert settings.openai_api_key is None
    assert settings.openai_base_url is None


def test_either_key_is_accepted_and_never_shown() -> None:
    settings = load_settings({"OPENAI_API_KEY": "", "OPEN_AI_API_KEY": "sk-secret"}, None)
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize("key", ["sk-sec\nret", "sk-sec ret", "sk-sécret"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match=r"OPENAI_API_KEY=\(hidden\) is not allowed") as refused:
        load_settings({"OPENAI_API_KEY": key}, None)
    assert "sec" not in str(refused.value).replace("(hidden)", "")


def test_the_line_break_of_a_key_from_a_file_is_cut_off() -> None:
    settings = load_settings({"OPENAI_API_KEY": "sk-secret\n"}, None)
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-secret"


def test_the_password_of_a_bad_address_is_not_shown() -> None:
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL") as refused:
        load_settings({"OPENAI_BASE_URL": "ftp://me:pa55@somewhere"}, None)
    assert "pa55" not in str(refused.value)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SIM_MAX_CLAIMS=5\nSIM_FRAUD_RATIO=0.1\n")
    settings = load_settings({"SIM_MAX_CLAIMS": "7"}, tmp_path / ".env")
    assert (settings.max_claims, settings.fraud_ratio) == (7, 0.1)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}, None).max_claims = 3  # type: ignore[misc]  # that it cannot is the test


def test_every_setting_says_what_is_allowed() -> None:
    assert all(field.description for field in Settings.model_fields.values())
