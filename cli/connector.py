"""`clew partner check|publish`: partners' own forms as documents."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Api, AsJson

if TYPE_CHECKING:
    from schemas.connectors import Connector

_READABLE: Any = {"exists": True, "dir_okay": False, "readable": True}
File = Annotated[Path, typer.Argument(help="A connector in YAML (or JSON).", **_READABLE)]
Files = Annotated[list[Path] | None, typer.Argument(help="Connectors in YAML (or JSON).", **_READABLE)]
Sample = Annotated[Path | None, typer.Option(help="A message as the partner sends it, in JSON.", **_READABLE)]
Command = Annotated[Path | None, typer.Option(help="A command to a partner, in JSON.", **_READABLE)]

_CLIENTS_OWN = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
"""Headers that every request has."""


def register(group: typer.Typer) -> None:
    group.command()(check)
    group.command()(publish)


def check(file: File, sample: Sample = None, command: Command = None, as_json: AsJson = False) -> None:
    """Check a connector here, without publishing it; show what a sample becomes, and how a command goes out.

    \b
    Example:
      clew partner check swiftcold.yaml --sample swiftcold.sample.json
    """
    from cli import console

    connector = _checked(file, as_json)
    found: dict[str, Any] = {"connector": connector.connector, "version": connector.version, "hash": connector.hash}
    if sample is not None:
        found["events"] = _events(connector, sample)
    if command is not None:
        found["request"] = _request(connector, command)
    if as_json:
        console.result(found)
        return
    print(f"{connector.connector} version {connector.version}: {connector.hash}")
    for each in found.get("events", ()):
        print(f"\n{each['type']} {each['id']} of {each['subject']} at {each['time']}")
        print(json.dumps(each["data"], indent=2, ensure_ascii=False))
    if "request" in found:
        asked = found["request"]
        print(f"\n{asked['method']} {asked['path']}")
        print("".join(f"{name}: {value}\n" for name, value in asked["headers"].items()))
        print(json.dumps(asked["body"], indent=2, ensure_ascii=False))


def publish(
    files: Files = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Publish the connectors that come with Clew.")] = False,
    by: Annotated[str, typer.Option(help="Who publishes: a pseudonym.")] = "operator",
    reason: Annotated[str, typer.Option(help="A reason code, e.g. form_changed.")] = "published",
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Publish connectors. A published version never changes; the newest counts from the next message on.

    \b
    Example:
      clew partner publish swiftcold.yaml --by operator-3 --reason form_changed
    """
    from urllib.parse import urlencode

    from cli import console
    from cli.client import Api as Client
    from cli.shipped import shipped_connectors

    read = [_checked(file, as_json) for file in files or ()] + (shipped_connectors() if shipped else [])
    if not read:
        raise typer.BadParameter("name a file, or say --shipped")
    path = f"/v1/connectors?{urlencode({'by': by, 'reason': reason})}"
    with Client(api) as client:
        published = [client.post(path, each.plain()) for each in read]
    if as_json:
        console.result(published)
    else:
        console.table(("connector", "version", "hash"), [(each.connector, each.version, each.hash) for each in read])


def _checked(file: Path, as_json: bool) -> "Connector":
    """The connector in a file; its flaws are told as compilers do, so that an editor can go there."""
    from cli.errors import Exit
    from partners.connectors.reading import read_connector
    from schemas.errors import ConnectorInvalid

    try:
        return read_connector(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not text in UTF-8") from None
    except ConnectorInvalid as error:
        if as_json:
            raise
        for flaw in error.errors:
            place = f"{file}:{flaw.line or 1}:{flaw.column or 1}"
            print(f"{place}: {flaw.pointer or '/'}: {flaw.detail} [{flaw.code}]", file=sys.stderr)
        raise typer.Exit(Exit.REFUSED) from None


def _events(connector: "Connector", sample: Path) -> list[dict[str, Any]]:
    """What a message becomes. Raises `Invalid` with the expression, and the value that it fails on."""
    from api.json_bodies import read_json
    from partners.connectors.mapping import Unmapped, map_message
    from schemas.errors import Flaw, Invalid

    if connector.inbound is None:
        raise typer.BadParameter("the connector reads no messages: it has no inbound")
    try:
        found = map_message(connector.connector, connector.inbound, "partner", read_json(sample.read_bytes()))
    except Unmapped as error:
        problem = error.problem
        detail = f"{problem['detail']}: {problem['expression']} of {json.dumps(problem['value'], ensure_ascii=False)}"
        flaw = Flaw(pointer=problem["pointer"], code="unmapped", detail=detail)
        raise Invalid("malformed", "The sample would be quarantined.", [flaw]) from None
    return [each.envelope for each in found]


def _request(connector: "Connector", command: Path) -> dict[str, Any]:
    """How a command goes out, without sending it; the secret is a stand-in."""
    import httpx
    from pydantic import ValidationError

    from partners.connectors.door import connector_door
    from partners.connectors.expressions import Failed
    from schemas.commands import PartnerCommand
    from schemas.errors import Flaw, Invalid, flaws_of

    try:
        told = PartnerCommand.model_validate_json(command.read_bytes())
    except ValidationError as error:
        raise Invalid("malformed", f"{command} is not a command to a partner.", flaws_of(error)) from None
    form = connector.outbound.commands.get(told.command) if connector.outbound else None
    if form is None:
        raise typer.BadParameter(f"the connector has no form for {told.command}")
    door = connector_door(connector, "http://partner.example", httpx.AsyncClient(), lambda _name: ["the-secret"])
    try:
        request = door.request(form, told)
    except Failed as failed:
        flaw = Flaw(pointer=f"/outbound/commands/{told.command}", code="unmapped", detail=failed.detail)
        raise Invalid("malformed", f"The connector cannot write this: {failed.expression}.", [flaw]) from None
    headers = {name: value for name, value in request.headers.items() if name not in _CLIENTS_OWN}
    body = json.loads(request.content) if request.content else None
    return {"method": request.method, "path": request.url.raw_path.decode(), "headers": headers, "body": body}
