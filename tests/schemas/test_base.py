"""The value types: durations, moments, identifiers, codes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.base import Code, Duration, Identifier, Instant, Reading, format_duration, iso, parse_duration

DURATION = TypeAdapter[timedelta](Duration)
INSTANT = TypeAdapter[datetime](Instant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5d", timedelta(days=5)),
        ("72h", timedelta(hours=72)),
        ("30m", timedelta(minutes=30)),
        ("1d12h", timedelta(hours=36)),
        ("0.5s", timedelta(milliseconds=500)),
        ("1d2h3m4.000005s", timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=5)),
    ],
)
def test_a_duration_is_read_as_the_clinic_writes_it(text: str, meant: timedelta) -> None:
    assert parse_duration(text) == meant
    assert DURATION.validate_python(text) == meant


@pytest.mark.parametrize("text", ["", "5", "5 d", "-5d", "d5", "12h1d", "5w", "P5D", "1.5d", "٥d x", "9" * 40 + "d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(text)


@pytest.mark.parametrize("nothing", ["0s", "0d", timedelta(0), timedelta(seconds=-1)])
def test_no_time_at_all_is_no_duration(nothing: str | timedelta) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(nothing)


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=3650)))
def test_a_duration_is_written_so_that_the_same_one_is_read(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value
    assert DURATION.validate_json(DURATION.dump_json(value)) == value


@given(st.datetimes(datetime(1990, 1, 2), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_kept_in_utc_whatever_offset_it_was_sent_with(naive: datetime, minutes: int) -> None:
    sent = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    kept = INSTANT.validate_python(sent.isoformat())
    assert kept == sent
    assert kept.tzinfo is UTC
    assert INSTANT.validate_python(iso(sent)) == kept
    assert iso(sent) == iso(kept) and iso(kept).endswith("Z")


@pytest.mark.parametrize("moment", ["2026-03-02T10:10:00", "yesterday", "9999-12-31T23:59:59-10:00", ""])
def test_a_moment_without_an_offset_or_outside_the_calendar_is_refused(moment: str) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(moment)


@pytest.mark.parametrize(
    "name", ["BAG-1", "G1234 98 654321".replace(" ", ""), "=G123498654321", "&/CHAB12", "LOT/7", "a"]
)
def test_an_identifier_names_a_thing(name: str) -> None:
    assert TypeAdapter(Identifier).validate_python(name) == name


@pytest.mark.parametrize(
    "name", ["Ana Lindqvist", "Ana\tL", "Ana\nLindqvist", "", " ", "-BAG", "x" * 65, "Müller", "BAG 1"]
)
def test_an_identifier_has_no_room_for_a_patients_name(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Identifier).validate_python(name)


@given(st.text(min_size=1))
def test_whatever_is_an_identifier_a_code_or_a_reading_holds_no_space(text: str) -> None:
    for each in (Identifier, Code, Reading):
        adapter: TypeAdapter[Any] = TypeAdapter(each)
        try:
            kept = adapter.validate_python(text)
        except ValidationError:
            continue
        assert not any(character.isspace() for character in kept)


@pytest.mark.parametrize("word", ["Sterility", "cell count", "1st", "", "x" * 49, "a-b", "consent\n"])
def test_a_code_is_a_word_of_a_closed_vocabulary(word: str) -> None:
    assert TypeAdapter(Code).validate_python("too_few_cells") == "too_few_cells"
    with pytest.raises(ValidationError):
        TypeAdapter(Code).validate_python(word)


@pytest.mark.parametrize("value", ["<0.5", "EU/mL", ">=70%", "conforms"])
def test_a_reading_is_what_a_laboratory_writes(value: str) -> None:
    assert TypeAdapter(Reading).validate_python(value) == value
