"""The crosswalk: which journey an identifier leads to. The first to claim one keeps it; a label is a claim too."""

from collections.abc import Iterable

from sqlalchemy import BindParameter, Column, Connection, Select, bindparam, select, union_all

from ledger.statements import insert_if_new, table_of
from ledger.tables import IdentifierRow, LabelRow, LabelSetRow
from schemas.facts import Batch, FactData
from schemas.identity import KnownAs
from schemas.labels import OPEN, LabelStatus

IDENTIFIER = table_of(IdentifierRow)
LABEL, LABEL_SET = table_of(LabelRow), table_of(LabelSetRow)

_VALUES: BindParameter[list[str]] = bindparam("values", expanding=True)


def _labelled(thing: Column[str]) -> Select[tuple[str, str]]:
    """The things that have a label, or are to have one, and whose label it is."""
    stands = LABEL.c.status.in_((*OPEN, LabelStatus.APPLIED))
    labels = select(thing.label("value"), LABEL_SET.c.journey).join(LABEL_SET, LABEL_SET.c.id == LABEL.c.set)
    return labels.where(thing.in_(_VALUES), stands)


_CLAIMED = select(IDENTIFIER.c.value, IDENTIFIER.c.journey).where(IDENTIFIER.c.value.in_(_VALUES))
_BELONGS = union_all(_CLAIMED, _labelled(LABEL.c.thing), _labelled(LABEL.c.container)).subquery()
_OF_OTHERS = select(_BELONGS.c.value).where(_BELONGS.c.journey != bindparam("coi")).distinct()
_OWNERS = select(_BELONGS.c.journey).distinct()


def claim(connection: Connection, batch: Batch) -> tuple[KnownAs, ...]:
    """Claim every identifier that the batch brings. Returns those that belong to another journey."""
    known = {each.value: each for fact in batch.facts for each in identifiers_of(fact.data)}
    if not known:
        return ()
    lines = [each.model_dump(mode="json") | {"journey": batch.coi} for each in known.values()]
    connection.execute(insert_if_new(IDENTIFIER, connection.dialect.name), lines)
    taken = belonging_elsewhere(connection, batch.coi, known)
    return tuple(each for value, each in known.items() if value in taken)


def belonging_elsewhere(connection: Connection, coi: str, values: Iterable[str]) -> set[str]:
    """Those of the values that another journey has claimed, or has labels for."""
    return set(connection.execute(_OF_OTHERS, {"values": list(values), "coi": coi}).scalars())


def owners(connection: Connection, values: Iterable[str]) -> set[str]:
    """The journeys that have claimed one of the values, or have labels for one."""
    return set(connection.execute(_OWNERS, {"values": list(values)}).scalars())


def identifiers_of(data: dict[str, object]) -> tuple[KnownAs, ...]:
    """The crosswalk lines in a fact's data."""
    said = data.get("identifiers")
    return FactData.model_validate({"identifiers": said}).identifiers if said else ()
