"""Reading a connector: everything that can be found wrong without a message is found here, before it is published."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from partners.connectors.expressions import Known, NoExpression, check
from partners.connectors.marks import parse, placed
from partners.connectors.templates import expressions_in, marked
from schemas.commands import COMMANDS, DETAILS, PartnerCommand
from schemas.connectors import Answers, CommandForm, Connector, Inbound, MappedEvent
from schemas.errors import ConnectorInvalid, Flaw, flaws_of, pointer
from schemas.events import CATALOGUE, DESKS

LARGEST_VERSION = 2**31 - 1

ANSWER: Known = {"status": None, "headers": None, "body": None}
"""What an expression over a partner's answer sees."""

_VERIFICATIONS = {"hmac", "standard_webhooks", "api_key", "nothing"}


def read_connector(text: str) -> Connector:
    """Check a document in YAML (JSON is YAML). Raises `ConnectorInvalid` with the place of every flaw found."""
    document, places, flaws = parse(text)
    if flaws:
        raise _invalid(flaws)
    try:
        connector = Connector.model_validate(document)
    except ValidationError as error:
        raise _invalid([placed(_in_document_terms(flaw), places) for flaw in _own(flaws_of(error))]) from None
    flaws = [placed(flaw, places) for flaw in _flaws(connector)]
    if flaws:
        raise _invalid(flaws)
    return connector


def _invalid(flaws: list[Flaw]) -> ConnectorInvalid:
    told = "; ".join(f"{flaw.line or 1}:{flaw.column or 1} {flaw.pointer or '/'}: {flaw.detail}" for flaw in flaws)
    return ConnectorInvalid("connector_invalid", f"The document cannot be a connector. {told}", flaws)


def _own(flaws: Sequence[Flaw]) -> list[Flaw]:
    """Without those that only follow: pydantic counts a list without the elements that it could not read."""
    return [
        flaw
        for flaw in flaws
        if flaw.code != "too_short" or not any(each.pointer.startswith(flaw.pointer + "/") for each in flaws)
    ]


def _in_document_terms(flaw: Flaw) -> Flaw:
    """pydantic names the union's member in the path (`/verify/hmac/header`); the document has no such key."""
    parts = flaw.pointer.split("/")
    for index in range(len(parts) - 1, 0, -1):
        if parts[index] in _VERIFICATIONS and parts[index - 1] in {"verify", "authenticate"}:
            del parts[index]
    return flaw.model_copy(update={"pointer": "/".join(parts)})


def _flaws(connector: Connector) -> Iterator[Flaw]:
    if connector.version > LARGEST_VERSION:
        yield Flaw(pointer="/version", code="impossible_limit", detail=f"at most {LARGEST_VERSION}")
    if connector.inbound is None and connector.outbound is None:
        yield Flaw(pointer="", code="nothing_mapped", detail="neither inbound nor outbound")
    if connector.inbound is not None:
        yield from _of_inbound(connector.inbound)
    if connector.outbound is not None:
        yield from _of_answers(connector.outbound.answers, ("outbound", "answers"))
        for name, form in connector.outbound.commands.items():
            yield from _of_command(name, form, ("outbound", "commands", name))


def _of_inbound(inbound: Inbound) -> Iterator[Flaw]:
    known: Known = {"message": None}
    if inbound.each is not None:
        yield from _of_expression(inbound.each, known, ("inbound", "each"))
        known = {"message": None, "item": None}
    for index, event in enumerate(inbound.events):
        path = ("inbound", "events", index)
        for name, expression in expressions_of(event).items():
            yield from _of_expression(expression, known, (*path, *name))
        yield from _of_data(event, path)


def expressions_of(event: MappedEvent) -> dict[tuple[str, ...], str]:
    """Every expression of a mapped event, by where it stands in it."""
    found: dict[tuple[str, ...], str] = {("id",): event.id, ("subject",): event.subject, ("time",): event.time}
    if event.when is not None:
        found = {("when",): event.when, **found}
    return found | {("data", field): expression for field, expression in event.data.items()}


def _of_data(event: MappedEvent, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    model = CATALOGUE.get(event.type)
    if model is None or event.type in DESKS:
        yield Flaw(pointer=pointer((*path, "type")), code="unknown_event_type", detail=f"there is no {event.type}")
        return
    for field in event.data.keys() - model.model_fields.keys():
        yield Flaw(pointer=pointer((*path, "data", field)), code="unknown_field", detail=f"{event.type} has no {field}")
    for field, info in model.model_fields.items():
        if info.is_required() and field not in event.data:
            yield Flaw(pointer=pointer((*path, "data")), code="missing_field", detail=f"{event.type} needs {field}")


def _of_command(name: str, form: CommandForm, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    if name not in COMMANDS:
        yield Flaw(pointer=pointer(path), code="unknown_command", detail=f"there is no command {name}")
        return
    known: Known = dict.fromkeys(PartnerCommand.model_fields) | {"details": frozenset(DETAILS[name])}
    templates: dict[tuple[str | int, ...], str] = {("path",): form.path}
    templates |= {("headers", header): template for header, template in form.headers.items()}
    answers: dict[tuple[str | int, ...], str | None] = {("reference",): form.reference}
    if form.look_up is not None:
        templates[("look_up", "path")] = form.look_up.path
        answers |= {("look_up", "found"): form.look_up.found, ("look_up", "reference"): form.look_up.reference}
    if form.answers is not None:
        yield from _of_answers(form.answers, (*path, "answers"))
    for at, template in templates.items():
        yield from _of_template(template, known, (*path, *at))
    for at, expression in marked(form.body):
        yield from _of_expression(expression, known, (*path, "body", *at))
    for at, answer in answers.items():
        if answer is not None:
            yield from _of_expression(answer, ANSWER, (*path, *at))


def _of_answers(answers: Answers, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    seen: set[int] = set()
    for name, statuses in answers:
        for status in seen & set(statuses):
            detail = f"{status} stands in another list too"
            yield Flaw(pointer=pointer((*path, name)), code="repeated_status", detail=detail)
        seen |= set(statuses)


def _of_template(template: str, known: Known, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    for expression in expressions_in(template):
        yield from _of_expression(expression, known, path)


def _of_expression(expression: str, known: Known, path: tuple[str | int, ...]) -> Iterator[Flaw]:
    try:
        check(expression, known)
    except NoExpression as error:
        yield Flaw(pointer=pointer(path), code=error.code, detail=error.detail)


def stored(document: Mapping[str, Any]) -> Connector:
    """A connector that was read before it was published."""
    return Connector.model_validate(document)
