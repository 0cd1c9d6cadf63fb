"""Labels of our own, as a scanner gives them back: known by their number, so that no other symbol is taken for one."""

from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from schemas.identity import read_coi, scanned_spelling
from schemas.labels import LabelNumber, read_label_number
from standards.labels.symbol import COI, GIAI, NUMBER, THING
from standards.parts import Part, PartKind, checked

_LABEL: TypeAdapter[str] = TypeAdapter(LabelNumber)
_NUMBER_LENGTH = 16


def parts_of(elements: Mapping[str, str]) -> dict[str, Part]:
    """What the elements of a symbol say, by application identifier; nothing where it is none of our labels."""
    place = GIAI if GIAI in elements else NUMBER
    try:
        number = _LABEL.validate_python(elements.get(place, "")[-_NUMBER_LENGTH:])
    except ValidationError:
        return {}
    found = {place: label_part(number)}
    if COI in elements:
        found[COI] = coi_part(elements[COI])
    if THING in elements:
        thing = elements[THING]
        found[THING] = Part(kind=PartKind.THING, value=thing, text=f"container or dose {thing}", lookups=(thing,))
    return found


def label_part(text: str) -> Part:
    """A label's number, as it stands on the label in words; blanks and small letters do not matter."""
    return checked(PartKind.LABEL, "label", read_label_number, "".join(text.split()).upper())


def coi_part(text: str) -> Part:
    """A chain-of-identity id, of whichever issuer."""
    return checked(PartKind.COI, "chain-of-identity id", read_coi, text, lambda coi: scanned_spelling(coi) or coi)
