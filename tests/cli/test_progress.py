"""What a person sees of the journeys: a table on a terminal, news anywhere else."""

from dataclasses import replace
from io import StringIO

from rich.console import Console

from cli.stack.progress import Display, JourneyLine

ANA = JourneyLine(
    order="ORD-1",
    coi="CLEWYDWJ67KE69S6NHBXI",
    status="running",
    stages=(("enrolment", "done"), ("collection", "active"), ("infusion", "pending")),
    next_due_at="2026-03-01T12:00:00Z",
    at_risk=False,
)


def shown(*moments: list[JourneyLine], terminal: bool) -> str:
    written = StringIO()
    with Display(Console(file=written, force_terminal=terminal, width=140, highlight=False)) as display:
        for lines in moments:
            display.show(lines)
    return written.getvalue()


def test_a_terminal_shows_each_journey_with_its_stages_and_what_it_is_doing() -> None:
    picture = shown([ANA], [replace(ANA, at_risk=True)], terminal=True)
    assert "ORD-1" in picture
    assert "CLEWYDWJ67KE69S6NHBXI" in picture
    assert "collection" in picture
    assert "at risk" in picture
    for mark in "●◉○":
        assert mark in picture


def test_a_file_gets_a_line_only_when_there_is_news() -> None:
    later = replace(ANA, next_due_at="2026-03-02T12:00:00Z")
    moved = replace(ANA, stages=(("enrolment", "done"), ("collection", "done"), ("infusion", "active")))
    assert shown([ANA], [later], [moved], terminal=False).splitlines() == [
        "ORD-1 CLEWYDWJ67KE69S6NHBXI running 1/3 collection",
        "ORD-1 CLEWYDWJ67KE69S6NHBXI running 2/3 infusion",
    ]


def test_while_the_api_is_away_the_last_picture_stays() -> None:
    assert shown([ANA], [], terminal=False).count("ORD-1") == 1
