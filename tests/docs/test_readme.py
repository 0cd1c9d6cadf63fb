"""The README is true: its commands are run as they stand, its links lead somewhere, its words are ours."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.stack.progress import table_of
from tests.cli.conftest import Machine, until
from tests.docs.pages import README, ROOT, anchors, blocks, links, pages, reachable

STANDARD_API = "http://127.0.0.1:8000"
WITHIN = 30.0
"""Seconds that the stack has for what a reader sees at once."""

CLAIMS = re.compile(r"\b(compliant|validated|certified)\b", re.IGNORECASE)
"""What only a user's own quality system can say of itself."""

AMERICAN = re.compile(
    r"\b(?-i:(?!Organization\b))(enrollments?|enroll|centers?|behaviors?|organizations?)\b", re.IGNORECASE
)
"""But for the name of FHIR's resource type."""

PROSE = (".md", ".py", ".yaml", ".yml", ".svg", ".toml", ".sh")
NOT_OURS = {".venv", ".git", "build", "tests/docs/compose-spec.json", "tests/docs/test_readme.py"}


def shell_blocks() -> list[str]:
    """What a reader types after `make up`."""
    return [block for block in blocks(README, "sh") if not block.startswith("make ")]


def our_files() -> Iterator[Path]:
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in NOT_OURS and not name.startswith(".")]
        paths = [Path(folder) / name for name in names if name.endswith(PROSE) or name == "Makefile"]
        yield from (path for path in paths if str(path.relative_to(ROOT)) not in NOT_OURS)


class Reader:
    """Somebody with a second terminal: types one block after the other, in one shell."""

    def __init__(self, machine: Machine, api: str) -> None:
        self.api = api
        self._folder = machine.folder
        self._environment = machine.environment | {"CLEW_API_URL": api}

    def types(self, *blocks: str) -> str:
        """Exactly what is written, but for the port and the place of the environment; what is then to be seen."""
        written = "\n".join(blocks).replace(STANDARD_API, self.api)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", written.replace(".venv/bin/", f"{Path(sys.executable).parent}/")],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asks(self, path: str) -> Any:
        return httpx.get(self.api + path, trust_env=False).raise_for_status().json()

    def stages(self, coi: str) -> dict[str, str]:
        return {each["stage"]: each["status"] for each in self.asks(f"/v1/journeys/{coi}")["stages_in_order"]}


@pytest.fixture
def reader(machine: Machine) -> Reader:
    """At a machine on which `clew up` runs, without samples, and the simulated partners are known."""
    reader = Reader(machine, machine.up("--journeys", "0").api())
    until(lambda: len(reader.asks("/v1/partners")["items"]) == 5, WITHIN, "the partners are not registered")
    return reader


def test_what_it_says_to_type_does_what_it_says(reader: Reader) -> None:
    order, keep, event, look, rest, record, ending = shell_blocks()
    known = [f"API={STANDARD_API}", keep]

    begun = reader.types(order, keep)
    assert re.search(r"^enrolment +active", begun, re.MULTILINE)
    journey = reader.asks("/v1/journeys?q=MY-ORDER-1")["items"][0]["coi"]

    sent = reader.types(*known, event, event, event.replace("FORM-1", "FORM-99"), rest)
    assert re.findall(r'"status":(\w+|"\w+")', sent)[2] == "409"
    until(lambda: reader.stages(journey)["collection"] == "active", WITHIN, "enrolment is not done")

    read = reader.types(*known, look, record)
    assert f'"status":"applied","reason":null,"journey":"{journey}"' in read
    assert re.search(r"^enrolment +done", read, re.MULTILINE)
    assert '"type": "evidence.provided"' in read
    assert "all as they were written" in read

    reader.types(*known, ending)
    until(lambda: reader.asks(f"/v1/journeys/{journey}")["status"] == "cancelled", WITHIN, "the journey has not ended")


def test_make_has_what_it_says_to_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    typed = [block.split() for block in blocks(README, "sh") if block.startswith("make ")]
    assert typed == [["make", "up"], ["make", "test"]]
    assert {target for page in pages() for target in re.findall(r"`make (\w+)`", page.read_text())} <= targets


def test_the_excerpt_has_the_columns_that_are_printed() -> None:
    (excerpt,) = blocks(README, "text")
    headings = [str(column.header) for column in table_of([]).columns if column.header]
    assert " ".join(headings) in {" ".join(line.split()) for line in excerpt.splitlines()}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        assert path.exists(), f"{path.name} is not there"
        if anchor:
            assert anchor in anchors(path), f"{path.name} has no heading for #{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    assert set(pages()) <= reachable(README)


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_pictures_can_be_read_by_those_who_do_not_see_them_and_in_the_dark() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        drawn = picture.read_text(encoding="utf-8")
        assert "<title" in drawn and "<desc" in drawn, picture.name
        assert "prefers-color-scheme: dark" in drawn, picture.name


def test_nothing_claims_what_only_a_quality_system_can_say() -> None:
    assert _found(CLAIMS) == []


def test_our_own_terms_are_spelt_as_the_field_spells_them() -> None:
    assert _found(AMERICAN) == []


def _found(words: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in our_files()
        for found in words.finditer(path.read_text(encoding="utf-8"))
    ]
