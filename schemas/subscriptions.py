"""Subscriptions: what a reader asks to be sent, and what the workflow that sends it carries and hears."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, HttpUrl, TypeAdapter, field_validator, model_validator

from schemas.base import Code, Instant, Strict
from schemas.events import EventType
from schemas.forms import form
from schemas.operations import Said
from schemas.orders import PartyName
from schemas.protocols import ProtocolName

SubscriptionId = Annotated[str, form(r"^sub-[0-9a-f]{20}$", "a subscription as `clew subscription list` names it")]
Position = Annotated[int, Field(ge=0, le=2**62)]
"""A place in the feed: of an entry, or 0 before the first."""

Types = Annotated[tuple[EventType, ...], Field(max_length=50)]
HookUrl = Annotated[str, Field(max_length=500, pattern=r"^https?://[!-~]+$", json_schema_extra={"format": "uri"})]

_URL = TypeAdapter(HttpUrl)


class Standing(StrEnum):
    """Whether entries are sent. `disabled`: not until the owner enables it again. `removed`: never again."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


class _Hook(Said):
    @field_validator("url", check_fields=False)
    @classmethod
    def _without_a_password(cls, value: str | None) -> str | None:
        if value is None:
            return None
        url = _URL.validate_python(value)
        if url.username or url.password or url.fragment:
            raise ValueError("no user, no password and no fragment: what is sent is signed")
        return value


class NewSubscription(_Hook):
    """Where entries are sent, and which: all, or only of some types, of a protocol, of a party."""

    url: HookUrl
    types: Types = ()
    protocol: ProtocolName | None = None
    party: PartyName | None = None
    after: Position | None = Field(
        default=None, description="The position to begin after; 0: from the beginning; left out: from now on."
    )


class ChangedSubscription(_Hook):
    """What is left out stays as it is; null takes a filter away."""

    url: HookUrl | None = None
    types: Types | None = None
    protocol: ProtocolName | None = None
    party: PartyName | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.changes():
            raise ValueError("nothing is changed")
        if "url" in self.model_fields_set and self.url is None:
            raise ValueError("a subscription needs a URL")
        return self

    def changes(self) -> dict[str, object]:
        """The new values, by the names of the columns."""
        said = {name: getattr(self, name) for name in ("url", "types", "protocol", "party")}
        return {
            name: list(value or ()) if name == "types" else value
            for name, value in said.items()
            if name in self.model_fields_set
        }


class Replay(Said):
    """Send again whatever comes after a position, also what was taken before."""

    after: Position


class Serving(Strict):
    """What the workflow carries. `replays`: how many of the owner's replays are in `position` by now; `revision`: which
    of the owner's words was the last that it followed.

    `failures`: deliveries in a row that were not taken, the first of them at `failing_since`.
    """

    id: SubscriptionId
    position: Position = 0
    replays: int = 0
    revision: int = 0
    failures: int = 0
    failing_since: Instant | None = None


class Served(Strict):
    """How far it came. `problem`: why the next entry was not taken, by a code; None if nothing was in the way.

    `revision`: which of the owner's words was followed. `moved`: whether anything was taken. `gone`: the receiver
    wants nothing more. `pause`: seconds that it asked us to wait.
    """

    standing: Standing
    revision: int
    position: Position
    replays: int
    moved: bool = False
    problem: Code | None = None
    gone: bool = False
    pause: float | None = None


class GivenUp(Strict):
    """A subscription that is to be disabled, unless its owner has said something since that revision."""

    id: SubscriptionId
    revision: int
    reason: Code
