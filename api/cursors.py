"""Opaque cursors: where the next page begins, by the values that the list is ordered by.

So a page stays where it is when rows are added before it.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.json_bodies import read_json
from schemas.canonical import canonical_json
from schemas.errors import Flaw, Invalid

Row = TypeVar("Row")
View = TypeVar("View")

LARGEST_PAGE = 200

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="The most items on one page.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="`next` of the page before.")]


Position = Annotated[int, Field(ge=0, lt=2**63)]
"""A number that both databases can hold, in a place."""

Number = Annotated[int, Field(ge=0, lt=2**31)]
"""The same where the column is an INTEGER of PostgreSQL: a version, a sequence number."""


class Page(BaseModel, Generic[View]):
    """One page of a list; `next` is the cursor of the page after it, null on the last."""

    model_config = ConfigDict(frozen=True)

    items: list[View]
    next: str | None = Field(description="Pass it as `cursor` to get the next page; null if this is the last.")


def encode(route: str, values: Sequence[Any]) -> str:
    """A cursor of a route. `values` are JSON or moments."""
    plain = TypeAdapter(list[Any]).dump_python([route, *values], mode="json")
    return base64.urlsafe_b64encode(canonical_json(plain)).decode().rstrip("=")


def decode(route: str, kind: TypeAdapter[Row], cursor: str | None) -> Row | None:
    """The values in a cursor, which this route must have made. Raises `Invalid` (`invalid_cursor`)."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = read_json(base64.b64decode(padded, altchars=b"-_", validate=True))
        made_by, *values = TypeAdapter(list[Any]).validate_python(plain)
        if made_by == route:
            return kind.validate_python(values)
    except (ValidationError, ValueError, Invalid):
        pass
    flaw = Flaw(pointer="/query/cursor", code="invalid_cursor", detail="not a cursor of this route")
    raise Invalid("invalid_cursor", "The cursor was not made by this route.", [flaw])


def page(
    rows: Sequence[Row], limit: int, route: str, place: Callable[[Row], Sequence[Any]], view: Callable[[Row], View]
) -> Page[View]:
    """A page of `rows`, of which there is one more than `limit` if another page follows."""
    following = encode(route, place(rows[limit - 1])) if len(rows) > limit else None
    return Page(items=[view(row) for row in rows[:limit]], next=following)
