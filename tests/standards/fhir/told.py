"""Records to tell of, and FHIR's own models to hold what is told against."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from ledger.chain import Line, data_text, genesis, line_hash
from schemas.base import iso
from schemas.entries import Entry
from schemas.facts import Fact

COI = "CLEWYDWJ67KE69S6NHBXI"


def recorded(facts: Iterable[Fact], coi: str = COI, after: int = 0) -> list[Entry]:
    """The facts as the ledger holds them: each recorded a second after it happened."""
    entries: list[Entry] = []
    previous = genesis(coi)
    for fact in facts:
        at = fact.occurred_at + timedelta(seconds=1)
        line = Line(
            after + fact.seq,
            coi,
            fact.seq,
            fact.type,
            iso(fact.occurred_at),
            iso(at),
            fact.actor,
            fact.source,
            fact.event_id,
            data_text(fact.data),
            previous,
        )
        previous = line_hash(line)
        entries.append(Entry.model_validate({**line._asdict(), "data": fact.data, "hash": previous}))
    return entries


@cache
def model(kind: str) -> Any:
    """FHIR's own model of a resource type, R4."""
    return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)


def hold_to_standard(resource: dict[str, Any]) -> None:
    """Fails where the resource is not as R4 defines its type, or its model would leave something of it out."""
    read = model(resource["resourceType"]).model_validate(resource)
    kept = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert set(paths(resource)) <= set(paths(kept)), "the model left something out"
    assert [place for place, allowed, kind in targets(read) if "Resource" not in allowed and kind not in allowed] == []


def targets(element: Any, here: str = "") -> Iterator[tuple[str, Sequence[str], str | None]]:
    """Every reference: where it stands, to what R4 lets it lead there, and to what it leads."""
    for name, info in type(element).model_fields.items():
        values = getattr(element, name)
        extra = info.json_schema_extra
        allowed = extra.get("enum_reference_types") if isinstance(extra, dict) else None
        for each in values if isinstance(values, list) else [values]:
            if isinstance(each, BaseModel):
                kind = getattr(each, "type", None)
                if isinstance(allowed, list) and kind:
                    yield f"{here}.{name}", [str(each) for each in allowed], kind
                yield from targets(each, f"{here}.{name}")


def paths(value: Any, here: str = "") -> Iterator[str]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield f"{here}.{name}"
        yield from paths(each, f"{here}.{name}")


def of_type(resources: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The resources of one type, in their order."""
    return [each for each in resources if each["resourceType"] == kind]
