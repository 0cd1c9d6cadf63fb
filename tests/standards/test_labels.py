"""What we print is read back by another hand, and says what it should; nothing on it runs into anything else."""

import re
import sys
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import Invalid, Unavailable
from schemas.identity import new_coi
from schemas.labels import WORDS, LabelContent, LabelFor, LabelSize, Statement, ThingKind, label_number
from schemas.stages import Temperature
from standards.labels.drawing import draw
from standards.labels.layout import ASCENT, Drawing, Item, Rule, Symbol, Text
from standards.labels.pdf import Paper, pdf
from standards.labels.sheet import SheetFormat, sheet
from standards.labels.svg import svg
from standards.labels.symbol import QUIET, elements_of, modules_of
from standards.labels.zpl import Dpi, zpl
from tests.standards.reading import elements_in, graphics_of, pages_of, picture_of, text_of

COI = "CLEWYDWJ67KE69S6NHBXI"
SET = "LS7KQ2M9XW4D"
_FIRST = "[A-Za-z0-9=&]"
IDENTIFIERS = st.from_regex(rf"\A{_FIRST}[A-Za-z0-9._:/+=&%()*\-]{{0,63}}\Z")
"""Whatever `schemas.base.Identifier` lets through."""

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def content(**changed: Any) -> LabelContent:
    usual: dict[str, Any] = {
        "coi": COI,
        "title": "Autologous CD19 CAR-T, cryopreserved",
        "product": "leukapheresis",
        "expires_at": datetime(2026, 3, 5, 10, 10, tzinfo=UTC),
        "storage": Temperature(min=2, max=8),
        "statements": (Statement.AUTOLOGOUS_USE_ONLY, Statement.NOT_EVALUATED),
    }
    return LabelContent(**{**usual, **changed})


def label(thing: str | None = "BAG-1", kind: ThingKind = "container", place: int = 1) -> LabelFor:
    return LabelFor(number=label_number(SET, place), kind=kind, id=thing)


def said_by(thing: str | None = "BAG-1", place: int = 1) -> list[tuple[str, str]]:
    return [("93", label_number(SET, place)), ("91", COI), *([("92", thing)] if thing else [])]


@pytest.mark.parametrize("size", LabelSize)
@pytest.mark.parametrize("thing", ["BAG-1", None, "D" + "x9" * 31 + "Z"])
def test_each_form_of_a_label_is_read_back(size: LabelSize, thing: str | None) -> None:
    drawing = draw(content(size=size), label(thing), 3)
    assert elements_in(pages_of(pdf([drawing]))[0]) == said_by(thing)
    assert elements_in(picture_of(svg([drawing]))) == said_by(thing)
    for dpi in Dpi:
        assert [elements_in(each) for each in graphics_of(zpl([drawing], dpi))] == [said_by(thing)]


@given(thing=IDENTIFIERS)
@SLOW
def test_whatever_an_identifier_may_be_comes_back_as_it_was(thing: str) -> None:
    (picture,) = graphics_of(zpl([draw(content(), label(thing), 1)], Dpi.DPI_203))
    assert elements_in(picture) == said_by(thing)


def test_with_a_company_prefix_the_number_is_an_individual_asset() -> None:
    drawing = draw(content(gs1_prefix="4012345"), label(), 1)
    (picture,) = graphics_of(zpl([drawing]))
    assert elements_in(picture) == [("8004", f"4012345{label_number(SET, 1)}"), ("91", COI), ("92", "BAG-1")]


def test_the_longest_number_with_the_longest_prefix_is_an_identifier_of_gs1() -> None:
    """A GIAI has at most 30 characters (GS1 General Specifications, 3.9.5)."""
    ((_, giai), *_) = elements_of(content(gs1_prefix="1" * 12), label())
    assert len(giai) <= 30


def test_a_sheet_has_every_label_once() -> None:
    drawings = [draw(content(), label(f"BAG-{place}", place=place), 10) for place in range(1, 11)]
    pages = pages_of(pdf(drawings, Paper.A4), dpi=100)
    assert len(pages) == 2
    assert [len(pages_of(pdf(drawings))), zpl(drawings).count("^XA")] == [10, 10]
    told = text_of(pdf(drawings, Paper.A4))
    assert [told.count(f"BAG-{place}\n") + told.count(f"BAG-{place}\r") for place in range(1, 11)] == [1] * 10


def test_the_document_says_in_words_what_the_symbol_says() -> None:
    told = text_of(pdf([draw(content(storage=Temperature(max=-120)), label(), 3)]))
    for words in (
        "CLEW YDWJ 67KE 69S6 NHBX I",
        "BAG-1",
        "leukapheresis",
        "2026-03-05 10:10 UTC",
        "at -120 °C or below",
    ):
        assert words in told
    assert f"LABEL {' '.join(re.findall('.{4}', label_number(SET, 1)))}" in told
    assert "1 of 3" in told


def test_statements_are_those_of_the_rules() -> None:
    """21 CFR 1271.90(c)(1) and (2)."""
    assert WORDS[Statement.AUTOLOGOUS_USE_ONLY] == "FOR AUTOLOGOUS USE ONLY"
    assert WORDS[Statement.NOT_EVALUATED] == "NOT EVALUATED FOR INFECTIOUS SUBSTANCES"
    for size in LabelSize:
        told = text_of(pdf([draw(content(size=size), label(), 1)]))
        assert all(WORDS[each] in told for each in content().statements)


@pytest.mark.parametrize(
    ("changed", "thing", "field"),
    [
        ({"title": "W" * 200}, "BAG-1", "title"),
        ({"product": "S" * 64, "title": "a " * 60, "statements": tuple(Statement)}, "X" * 64, "statements"),
        ({"size": LabelSize.VIAL, "product": "S" * 64, "statements": tuple(Statement)}, "BAG-1", "statements"),
        ({"size": LabelSize.VIAL, "statements": (Statement.INVESTIGATIONAL,)}, "BAG-1", "statements"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_cut_off(changed: dict[str, Any], thing: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        draw(content(**changed), label(thing), 1)
    assert (refused.value.code, refused.value.errors[0].pointer) == ("label_text_too_long", f"/{field}")


CONTENTS = st.builds(
    content,
    title=st.from_regex(r"\A[A-Z][a-z]{0,12}( [A-Za-z0-9-]{1,14}){0,9}\Z"),
    product=IDENTIFIERS,
    size=st.sampled_from(LabelSize),
    statements=st.lists(st.sampled_from(Statement), unique=True).map(tuple),
    storage=st.sampled_from(
        [None, Temperature(min=2, max=8), Temperature(max=-150), Temperature(min=-196.5, max=-150.25)]
    ),
    expires_at=st.sampled_from([None, datetime(2026, 12, 31, 23, 59, tzinfo=UTC)]),
)


@given(asked=CONTENTS, thing=st.none() | IDENTIFIERS)
@settings(max_examples=300, deadline=None)
def test_nothing_overlaps_and_nothing_leaves_the_label(asked: LabelContent, thing: str | None) -> None:
    try:
        drawing = draw(asked, label(thing), 500)
    except Invalid as refused:
        assert refused.code == "label_text_too_long"
        return
    boxes = [_box(each) for each in drawing.items]
    for left, top, right, bottom in boxes:
        assert left >= 0 and top >= 0 and right <= drawing.width + 1e-6 and bottom <= drawing.height + 1e-6
    assert [pair for pair in combinations(boxes, 2) if _overlap(*pair)] == []
    _says_all(drawing, asked, thing)


def _says_all(drawing: Drawing, asked: LabelContent, thing: str | None) -> None:
    told = "".join(each.words for each in drawing.items if isinstance(each, Text)).replace(" ", "")
    wanted = [asked.coi, asked.product, *(WORDS[each] for each in asked.statements), *([thing] if thing else [])]
    wanted += [asked.title] if asked.size is LabelSize.BAG else []
    assert [each for each in wanted if each.replace(" ", "") not in told] == []


def _box(item: Item) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is inked: of text, from its capitals' top to its descenders' bottom."""
    match item:
        case Text():
            return item.x, item.y - ASCENT * item.size, item.x + item.width, item.y + 0.24 * item.size
        case Rule():
            return item.x, item.y - item.thickness / 2, item.x + item.width, item.y + item.thickness / 2
        case Symbol():
            return item.x, item.y, item.x + item.size, item.y + item.size


Box = tuple[float, float, float, float]


def _overlap(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 1e-6 and down > 1e-6


def test_the_symbol_has_its_quiet_zone_and_modules_that_a_scanner_can_see() -> None:
    """One module of white is the least (ISO/IEC 16022); 0.25 mm a module the least for healthcare."""
    for size in LabelSize:
        drawing = draw(content(size=size, gs1_prefix="1" * 12), label("X" * 64), 1)
        (symbol,) = drawing.symbols()
        count = len(modules_of(symbol.elements))
        assert QUIET >= 1
        assert symbol.size / (count + 2 * QUIET) >= 0.25


def test_text_is_as_wide_as_planned_in_whatever_type() -> None:
    drawn = svg([draw(content(), label(), 1)])
    assert drawn.count("<text") == drawn.count('lengthAdjust="spacingAndGlyphs"') > 5


def test_a_title_cannot_be_a_command_of_the_printer_or_a_tag() -> None:
    sly = content(title='Study ^XZ ~JR _20 <script> & "Café"')
    drawing = draw(sly, label(), 1)
    printed = zpl([drawing])
    assert printed.count("^XZ") == 1 and "~" not in printed
    assert bytes.fromhex("".join(re.findall(r"Caf_(C3)_(A9)", printed)[0])).decode() == "é"
    assert "<script>" not in svg([drawing])
    assert sly.title in text_of(pdf([drawing]))


@pytest.mark.parametrize(("module", "form"), [("zxingcpp", SheetFormat.ZPL), ("typst", SheetFormat.PDF)])
def test_without_the_extra_it_says_what_is_missing(
    module: str, form: SheetFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Unavailable) as refused:
        sheet(content(), [label()], 1, form)
    assert refused.value.code == "labels_missing"


def test_the_number_of_a_label_shows_a_slip() -> None:
    for place in (1, 47, 500):
        number = label_number(SET, place)
        for at in range(2, len(number) - 1):
            for other in "0123456789":
                slipped = number[:at] + other + number[at + 1 :]
                if slipped != number:
                    with pytest.raises(ValueError, match=r"check character|pattern"):
                        LabelFor(number=slipped, kind="blank")


def test_any_chain_of_identity_fits() -> None:
    for _ in range(20):
        draw(content(coi=new_coi(), size=LabelSize.VIAL), label(), 1)
