"""The door to a partner that speaks a form of its own: requests and answers as its connector has them."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from partners.client import ask
from partners.connectors import templates
from partners.connectors.expressions import Failed, evaluate
from partners.connectors.verification import sign
from partners.door import Answered
from schemas.commands import PartnerCommand
from schemas.connectors import Answers, CommandForm, Connector, LookUp, Nothing, Outbound
from schemas.deliveries import Outcome
from schemas.errors import Unavailable

SecretsOf = Callable[[str], Sequence[str]]
"""The partner's secrets of one name. Raises `Unavailable`."""


class ConnectorDoor:
    """Keeps the promise of `partners.door.Door`."""

    def __init__(self, outbound: Outbound, url: str, http: httpx.AsyncClient, secrets: SecretsOf) -> None:
        self._outbound = outbound
        self._url = url.rstrip("/")
        self._http = http
        self._secrets = secrets

    async def send(self, command: PartnerCommand) -> Answered:
        form = self._outbound.commands.get(command.command)
        if form is None:
            return Answered(Outcome.REFUSED, problem=f"the connector has no form for {command.command}")
        try:
            request = self.request(form, command)
        except Failed as failed:
            return Answered(Outcome.REFUSED, problem=f"the connector cannot write this: {failed.expression}")
        except Unavailable as unavailable:
            return Answered(Outcome.LATER, problem=unavailable.detail)
        answers = form.answers or self._outbound.answers
        answered, scope = await self._ask(request, answers)
        if answered.status in answers.success:
            return _taken(answered, form.reference, scope)
        if answered.status in answers.conflict:
            return await self._had_it(command, form, answered, scope)
        if answered.status in answers.refused:
            return answered.refused()
        return answered

    async def look_up(self, command: PartnerCommand) -> Answered:
        form = self._outbound.commands.get(command.command)
        if form is None or form.look_up is None:
            return Answered(Outcome.NO_LOOK_UP, problem="the connector cannot ask what became of it")
        try:
            request = self._request("GET", form.look_up.path, command, {}, b"")
        except Failed as failed:
            return Answered(Outcome.NO_LOOK_UP, problem=f"the connector cannot write this: {failed.expression}")
        except Unavailable as unavailable:
            return Answered(Outcome.LATER, problem=unavailable.detail)
        answers = form.answers or self._outbound.answers
        answered, scope = await self._ask(request, answers)
        if answered.status in form.look_up.missing:
            return answered.but(Outcome.NOT_TAKEN)
        return _found(form.look_up, answered, scope) if answered.status in answers.success else answered

    def request(self, form: CommandForm, command: PartnerCommand) -> httpx.Request:
        """What is sent. Raises `Failed` and `Unavailable`."""
        scope = _scope(command)
        headers = {name: templates.header(template, scope) for name, template in form.headers.items()}
        if form.idempotency_header:
            headers[form.idempotency_header] = command.key
        body = templates.body(form.body, scope)
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        if content and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
        return self._request(form.method, form.path, command, headers, content)

    def _request(
        self, method: str, path: str, command: PartnerCommand, headers: dict[str, str], content: bytes
    ) -> httpx.Request:
        how = self._outbound.authenticate
        if not isinstance(how, Nothing):
            headers = headers | sign(how, self._secrets(how.secret)[0], command.key, content, datetime.now(UTC))
        url = self._url + templates.path(path, _scope(command))
        try:
            return self._http.build_request(method, url, content=content, headers=headers)
        except httpx.InvalidURL:
            raise Failed(path, None, "not an address") from None

    async def _had_it(self, command: PartnerCommand, form: CommandForm, answered: Answered, scope: Any) -> Answered:
        """The partner says that it has the command: what it has is looked up where it can be."""
        if form.look_up is None:
            return _taken(answered, form.reference, scope)
        found = await self.look_up(command)
        if found.outcome is Outcome.NOT_TAKEN:
            return found.but(Outcome.REFUSED, "the partner says that it has the command, and does not find it")
        return found

    async def _ask(self, request: httpx.Request, answers: Answers) -> tuple[Answered, dict[str, Any]]:
        """One request, and what its answer's expressions see."""
        answered = await ask(self._http, request)
        return answered.later() if answered.status in answers.retry else answered, _seen(answered)


def connector_door(connector: Connector, url: str, http: httpx.AsyncClient, secrets: SecretsOf) -> ConnectorDoor:
    """The door of a partner at `url`. One whose connector writes nothing refuses every command by name."""
    return ConnectorDoor(connector.outbound or Outbound(commands={}), url, http, secrets)


def _scope(command: PartnerCommand) -> dict[str, Any]:
    return command.model_dump(mode="json")


def _seen(answered: Answered) -> dict[str, Any]:
    try:
        body = json.loads(answered.body) if answered.body else None
    except (ValueError, RecursionError):
        body = None
    return {"status": answered.status, "headers": dict(answered.headers), "body": body}


def _found(look_up: LookUp, answered: Answered, scope: Any) -> Answered:
    try:
        found = evaluate(look_up.found, scope)
    except Failed:
        found = None
    if found is True:
        return _taken(answered, look_up.reference, scope)
    if found is False:
        return answered.but(Outcome.NOT_TAKEN)
    return answered.but(Outcome.UNKNOWN, "the partner's answer does not say whether it has the command")


def _taken(answered: Answered, reference: str | None, scope: Any) -> Answered:
    """With the partner's own reference."""
    try:
        value = None if reference is None else evaluate(reference, scope)
    except Failed:
        return answered.unreadable()
    return answered.taken_as(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
