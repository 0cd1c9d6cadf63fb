"""Settings: read from the environment, one prefix, refused when they cannot be."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.settings import Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CLEW_{name.upper()}", raising=False)


def test_with_nothing_set_the_database_lies_in_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path}/clew.db"
    assert settings.temporal_address is None


def test_the_environment_is_read_and_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEW_DATABASE_URL", "postgresql+asyncpg://clew@db/clew")
    monkeypatch.setenv("CLEW_API_PORT", "9000")
    monkeypatch.setenv("CLEW_TEMPORAL_ADDRESS", "")
    settings = Settings()
    assert (settings.database, settings.api_port) == ("postgresql+asyncpg://clew@db/clew", 9000)
    assert settings.temporal_address is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_PORT", "70000"),
        ("API_PORT", "eight"),
        ("LOG_LEVEL", "loud"),
        ("RELAY_INTERVAL", "0"),
        ("PARTNER_TIMEOUT", "-1"),
        ("MAX_CACHED_JOURNEYS", "-1"),
        ("COI_ISSUER", "isbt"),
        ("ISBT_FACILITY", "O9999"),
        ("ISBT_FACILITY", "A999"),
        ("ISBT_FACILITY", "AB0C9"),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CLEW_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_a_licensed_issuer_needs_the_facilitys_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEW_COI_ISSUER", "isbt128-040")
    with pytest.raises(ValidationError, match="needs CLEW_ISBT_FACILITY"):
        Settings()
    monkeypatch.setenv("CLEW_ISBT_FACILITY", "A9999")
    assert Settings().isbt_facility == "A9999"


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings_do_not_change_under_way() -> None:
    with pytest.raises(ValidationError):
        setattr(Settings(), "api_port", 1)  # noqa: B010 - the type checker knows already that it cannot be set
