"""A ServiceRequest as somebody sends it: only what an order needs is read, and nothing else goes any further.

Names, narratives, contained patients, notes and reasons are left where they are: in the request, which is not stored.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from schemas.base import Tolerant
from schemas.errors import Flaw, Invalid, flaws_of
from standards.fhir import systems

Place = str
"""A JSON pointer into what was sent."""


class Identifier(Tolerant):
    system: str | None = None
    value: str | None = None


class Coding(Tolerant):
    system: str | None = None
    code: str | None = None
    version: str | None = None


class Concept(Tolerant):
    coding: tuple[Coding, ...] = ()


class Extension(Tolerant):
    url: str | None = None
    code: str | None = Field(default=None, alias="valueCode")
    number: float | None = Field(default=None, alias="valueDecimal")


class Reference(Tolerant):
    """`type` of what it leads to is not read: it is what it is used as."""

    reference: str | None = None
    identifier: Identifier | None = None
    extension: tuple[Extension, ...] = ()


class Organisation(Tolerant):
    id: str | None = None
    identifier: tuple[Identifier, ...] = ()
    kinds: tuple[Concept, ...] = Field(default=(), alias="type")


class SentRequest(Tolerant):
    """A ServiceRequest of R4. `contained`: only the organisations in it; None stands where something else does."""

    kind: Literal["ServiceRequest"] = Field(alias="resourceType")
    id: str | None = None
    status: str
    intent: str
    do_not_perform: bool = Field(default=False, alias="doNotPerform")
    implicit_rules: str | None = Field(default=None, alias="implicitRules")
    modifiers: tuple[Any, ...] = Field(default=(), alias="modifierExtension")
    extension: tuple[Extension, ...] = ()
    identifier: tuple[Identifier, ...] = ()
    canonical: tuple[str, ...] = Field(default=(), alias="instantiatesCanonical")
    uri: tuple[str, ...] = Field(default=(), alias="instantiatesUri")
    code: Concept = Concept()
    subject: Reference
    performer: tuple[Reference, ...] = ()
    contained: Annotated[tuple[Organisation | None, ...], Field(default=())]

    @field_validator("contained", mode="before")
    @classmethod
    def _organisations_alone(cls, sent: Any) -> Any:
        if not isinstance(sent, list):
            return sent
        return [
            each if isinstance(each, dict) and each.get("resourceType") == "Organization" else None for each in sent
        ]

    def named(self, system: str) -> Iterator[tuple[Place, str]]:
        """The request's identifiers of a system, each with where it stands."""
        for number, each in enumerate(self.identifier):
            if each.system == system and each.value is not None:
                yield f"/identifier/{number}/value", each.value

    def patient(self) -> str | None:
        """The chain-of-identity id that the request names, if it names one."""
        known = self.subject.identifier
        return known.value if known and known.system == systems.COI else None


def read_request(body: Any) -> SentRequest:
    """Raises `Invalid` (`malformed`) with a pointer to each flaw, and without any of the input."""
    try:
        request = SentRequest.model_validate(body)
    except ValidationError as error:
        raise Invalid("malformed", "The body is no ServiceRequest of FHIR R4.", flaws_of(error)) from None
    flaws = list(_not_to_be_ignored(request))
    if flaws:
        raise Invalid("malformed", "The request says what must not be ignored, and cannot be followed.", flaws)
    return request


def _not_to_be_ignored(request: SentRequest) -> Iterator[Flaw]:
    """FHIR R4, 2.1.0.1 and 3.1.0.1.5: who does not understand a modifier must not act on what it modifies."""
    if request.do_not_perform:
        yield flaw("/doNotPerform", "a request not to do something starts nothing")
    if request.modifiers:
        yield flaw("/modifierExtension", "no modifier extension is understood: leave it out")
    if request.implicit_rules is not None:
        yield flaw("/implicitRules", "no implicit rules are understood: leave them out")


def flaw(place: Place, detail: str) -> Flaw:
    return Flaw(pointer=place, code="malformed", detail=detail)
