"""The door to a partner that speaks a form of its own: requests and answers as its connector has them."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import ValidationError

from partners.client import NEVER_SENT, _retry_after
from partners.connectors import templates
from partners.connectors.expressions import Failed, evaluate
from partners.connectors.verification import sign
from partners.door import KEPT_OF_AN_ANSWER, Answered, Outcome
from schemas.commands import Acknowledgement, PartnerCommand
from schemas.connectors import Answers, CommandForm, Connector, LookUp, Nothing, Outbound
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
            return _but(answered, Outcome.REFUSED, f"the partner refused with status {answered.status}")
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
            return _but(answered, Outcome.NOT_TAKEN)
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
            return _but(found, Outcome.REFUSED, "the partner says that it has the command, and does not find it")
        return found

    async def _ask(self, request: httpx.Request, answers: Answers) -> tuple[Answered, dict[str, Any]]:
        """One request, and what its answer's expressions see. `unknown` unless it is surely `later`."""
        began = time.perf_counter()
        try:
            response = await self._http.send(request)
        except NEVER_SENT as error:
            problem, outcome = f"the partner cannot be reached: {type(error).__name__}", Outcome.LATER
        except httpx.HTTPError as error:
            problem, outcome = f"the partner did not answer: {type(error).__name__}", Outcome.UNKNOWN
        else:
            return _judged(response, answers, time.perf_counter() - began), _seen(response)
        return Answered(outcome, problem=problem, seconds=time.perf_counter() - began), {}


def connector_door(connector: Connector, url: str, http: httpx.AsyncClient, secrets: SecretsOf) -> ConnectorDoor:
    """The door of a partner at `url`. One whose connector writes nothing refuses every command by name."""
    return ConnectorDoor(connector.outbound or Outbound(commands={}), url, http, secrets)


def _scope(command: PartnerCommand) -> dict[str, Any]:
    return command.model_dump(mode="json")


def _judged(response: httpx.Response, answers: Answers, seconds: float) -> Answered:
    status = response.status_code
    later = status in answers.retry
    kept = response.content[:KEPT_OF_AN_ANSWER].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Answered(
        Outcome.LATER if later else Outcome.UNKNOWN,
        problem=f"the partner asks to come back later, with status {status}" if later else f"status {status}",
        status=status,
        answer=kept,
        seconds=seconds,
        retry_after=_retry_after(response.headers.get("Retry-After")) if later else None,
    )


def _seen(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json() if response.content else None
    except (ValueError, RecursionError):
        body = None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return {"status": response.status_code, "headers": headers, "body": body}


def _found(look_up: LookUp, answered: Answered, scope: Any) -> Answered:
    try:
        found = evaluate(look_up.found, scope)
    except Failed:
        found = None
    if found is True:
        return _taken(answered, look_up.reference, scope)
    if found is False:
        return _but(answered, Outcome.NOT_TAKEN)
    return _but(answered, Outcome.UNKNOWN, "the partner's answer does not say whether it has the command")


def _taken(answered: Answered, reference: str | None, scope: Any) -> Answered:
    """With the partner's own reference. Whatever else it says goes no further."""
    try:
        value = None if reference is None else evaluate(reference, scope)
        named = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        acknowledgement = Acknowledgement(reference=named)
    except (Failed, ValidationError):
        return _but(answered, Outcome.UNKNOWN, "the partner's acknowledgement cannot be read")
    return _but(answered, Outcome.TAKEN, acknowledgement=acknowledgement)


def _but(
    answered: Answered, outcome: Outcome, problem: str | None = None, acknowledgement: Acknowledgement | None = None
) -> Answered:
    """The same answer, understood otherwise."""
    return Answered(
        outcome, acknowledgement, problem, answered.status, answered.answer, answered.seconds, answered.retry_after
    )
