"""`clew protocol check|publish|list`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Api, AsJson

if TYPE_CHECKING:
    from schemas.protocols import Protocol

protocols = typer.Typer(help="Therapy protocols: check, publish, list.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A YAML (or JSON) document.", exists=True, dir_okay=False, readable=True)]
Files = Annotated[
    list[Path] | None, typer.Argument(help="YAML (or JSON) documents.", exists=True, dir_okay=False, readable=True)
]


def register(app: typer.Typer) -> None:
    app.add_typer(protocols, name="protocol")


@protocols.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Check a document here, without publishing it; each flaw is told with the path to it.

    \b
    Example:
      clew protocol check protocols/til.yaml
    """
    from cli import console

    protocol = _read(file)
    if as_json:
        console.result({"protocol": protocol.protocol, "version": protocol.version, "hash": protocol.hash})
    else:
        print(f"{protocol.protocol} version {protocol.version}: {len(protocol.stages)} stages, {protocol.hash}")


@protocols.command()
def publish(
    files: Files = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Publish the protocols that come with Clew.")] = False,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Publish documents. A published version never changes: what differs needs a new version number.

    \b
    Example:
      clew protocol publish protocols/autologous-car-t.yaml
    """
    from cli import console
    from cli.client import Api as Client
    from cli.shipped import publish_protocol, shipped_protocols

    read = [_read(file) for file in files or ()] + (shipped_protocols() if shipped else [])
    if not read:
        raise typer.BadParameter("name a file, or say --shipped")
    with Client(api) as client:
        published = [publish_protocol(client, protocol) for protocol in read]
    if as_json:
        console.result(published)
    else:
        console.table(("protocol", "version", "hash"), [(p.protocol, p.version, p.hash) for p in read])


@protocols.command("list")
def list_(api: Api = None, as_json: AsJson = False) -> None:
    """List what is published.

    \b
    Example:
      clew protocol list
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/protocols"))
    if as_json:
        console.result(found)
    else:
        rows = [(each["name"], each["version"], each["title"], each["hash"]) for each in found]
        console.table(("protocol", "version", "title", "hash"), rows)


def _read(file: Path) -> "Protocol":
    from schemas.protocols import read_protocol_yaml

    try:
        return read_protocol_yaml(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not text in UTF-8") from None
