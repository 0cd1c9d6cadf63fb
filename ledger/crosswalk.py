"""The crosswalk: which journey an identifier leads to. The first to claim one keeps it."""

from sqlalchemy import Connection, bindparam, select

from ledger.statements import insert_if_new, table_of
from ledger.tables import IdentifierRow
from schemas.facts import Batch, FactData
from schemas.identity import KnownAs

IDENTIFIER = table_of(IdentifierRow)

_OF_OTHERS = select(IDENTIFIER.c.value).where(
    IDENTIFIER.c.value.in_(bindparam("values", expanding=True)), IDENTIFIER.c.journey != bindparam("coi")
)


def claim(connection: Connection, batch: Batch) -> tuple[KnownAs, ...]:
    """Claim every identifier that the batch brings. Returns those that belong to another journey."""
    known = {each.value: each for fact in batch.facts for each in identifiers_of(fact.data)}
    if not known:
        return ()
    lines = [each.model_dump(mode="json") | {"journey": batch.coi} for each in known.values()]
    connection.execute(insert_if_new(IDENTIFIER, connection.dialect.name), lines)
    others = connection.execute(_OF_OTHERS, {"values": list(known), "coi": batch.coi}).scalars()
    taken = set(others)
    return tuple(each for value, each in known.items() if value in taken)


def identifiers_of(data: dict[str, object]) -> tuple[KnownAs, ...]:
    """The crosswalk lines in a fact's data."""
    return FactData.model_validate({"identifiers": data.get("identifiers", ())}).identifiers
