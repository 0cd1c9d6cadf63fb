"""The guide to FHIR and the code say the same: the order, the types, the parameters, the extensions."""

import json
import re
from pathlib import Path

from schemas.identity import Role
from standards.fhir.incoming import read_request
from standards.fhir.ordering import read_order
from standards.fhir.search import PARAMETERS
from standards.fhir.told import TYPES
from tests.docs.pages import ROOT, blocks
from tests.docs.test_guides import section
from tests.standards.fhir.told import model

PAGE = ROOT / "docs" / "guides" / "fhir.md"
GUIDE = PAGE.read_text(encoding="utf-8")

_FIRST_CELL = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def code() -> str:
    """All that tells FHIR apart in the code."""
    return "".join(path.read_text(encoding="utf-8") for path in Path(ROOT / "standards" / "fhir").glob("*.py"))


def test_the_order_shown_is_one() -> None:
    (shown,) = (json.loads(block) for block in blocks(PAGE, "json"))
    model("ServiceRequest").model_validate(shown)
    order = read_order(read_request(shown)).order
    assert (order.order, order.protocol, order.version) == ("ORD-2026-0001", "autologous-car-t", 1)
    assert order.parties == {Role.TREATMENT_CENTRE: "st-anna", Role.COURIER: "coldline"}


def test_every_type_is_told() -> None:
    assert tuple(_FIRST_CELL.findall(section(GUIDE, "## Read")))[: len(TYPES)] == TYPES


def test_every_search_parameter_is_told() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`_id`.*) \|$", section(GUIDE, "## Search"), re.MULTILINE)
    told = {kind: re.findall(r"`([^`]+)`", cell) for kind, cell in rows}
    assert told == {kind: list(parameters) for kind, parameters in PARAMETERS.items()}


def test_every_extension_is_told() -> None:
    ours = set(re.findall(r'extension\("([a-z-]+)"', code())) | set(
        re.findall(r'"urn:clew:extension:([a-z-]+)"', code())
    )
    told = {name.rpartition(":")[2] for name in _FIRST_CELL.findall(section(GUIDE, "## Read")) if "extension" in name}
    assert told == ours


def test_every_identifier_system_is_told() -> None:
    ours = set(re.findall(r'identifier\(systems\.ours\("(\w+)"\)', code()))
    named = set(re.findall(r"`urn:clew:(\w+)`", section(GUIDE, "## Read")))
    assert ours - {"actor", "event"} <= named
