"""What the standard's own schema refuses, we refuse: one thing after the other is changed in documents that are right.

Save that a field that is null is read as one that is left out.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from schemas.errors import BadRequest
from standards.epcis.documents import LD_CONTEXT
from standards.epcis.reading import read_document
from tests.standards.epcis.schema import flaws
from tests.standards.epcis.test_heard import COLD, COUNTED, DESADV, single

PLACES = {"readPoint": {"id": "urn:x:1"}, "bizLocation": {"id": "urn:x:2"}}
PARTIES = {
    "sourceList": [{"type": "possessing_party", "source": "urn:x:1"}],
    "destinationList": [{"type": "location", "destination": "urn:x:2"}],
}
SENSED = {
    "sensorMetadata": {"time": "2026-03-02T13:40:00Z", "deviceID": "urn:x:1"},
    "sensorReport": [COLD | {"value": 5.0, "minValue": 1, "meanValue": 3, "exception": "ALARM_CONDITION"}],
}
EVENTS: dict[str, dict[str, Any]] = {
    "a delivery": single(
        bizStep="arriving", bizTransactionList=DESADV, sensorElementList=[SENSED], **PLACES, **PARTIES
    ),
    "a mistake": single(
        errorDeclaration={
            "declarationTime": "2026-03-03T08:00:00Z",
            "reason": "incorrect_data",
            "correctiveEventIDs": ["urn:x:1"],
        },
        persistentDisposition={"set": ["damaged"]},
    ),
    "a pick-up": single(
        type="AggregationEvent",
        action="ADD",
        epcList=None,
        parentID="urn:x:1",
        childEPCs=["urn:x:2"],
        bizStep="departing",
    ),
    "a batch": single(**COUNTED, outputEPCList=["urn:x:2"], transformationID="urn:x:3", ilmd={"clew:x": 1}),
}
WRONG: tuple[Any, ...] = (
    True, 0, -1, "", " ", "x", "5", "é", [], {}, [None], [{}], [["x"]], {"a": 1}, "urn:x:y", "2026-03-02", 1772454000,
)  # fmt: skip


def document(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": LD_CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-02T15:00:00Z",
        "epcisBody": {"eventList": [{name: value for name, value in event.items() if name != "@context"}]},
    }


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, from the outside in."""
    yield here
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*here, name))


def changed(value: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    if not place:
        return wrong
    first, *rest = place
    copied = deepcopy(value)
    copied[first] = changed(value[first], tuple(rest), wrong)
    return copied


@pytest.mark.parametrize("what", EVENTS)
def test_what_the_standard_refuses_is_refused(what: str) -> None:
    whole = document(EVENTS[what])
    assert flaws(whole) == [], "the test's own document is not EPCIS"
    assert read_document(whole).events
    passed = []
    for place in places(whole):
        for wrong in WRONG:
            if flaws(attempt := changed(whole, place, wrong)):
                try:
                    read_document(attempt)
                except BadRequest:
                    continue
                passed.append((place, wrong))
    assert passed == [], [*passed]
