"""`clew checkpoint list|make|restart|keys`: what the ledger was, signed."""

import asyncio
from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, Reason
from cli.settings import load

checkpoints = typer.Typer(help="Checkpoints: what the ledger was, signed.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(checkpoints, name="checkpoint")


@checkpoints.command("list")
def list_(
    size: Annotated[int, typer.Option(min=1, help="Only of at least so many entries.")] = 1,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List checkpoints, the smallest first.

    \b
    Example:
      clew checkpoint list --size 1200
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/checkpoints", size=size))
    if as_json:
        console.result(found)
        return
    for each in found:
        print(f"{each['size']:>10}  {each['at'][:19].replace('T', ' ')}  {each['root']}  {each['key']}")


@checkpoints.command()
def make(as_json: AsJson = False) -> None:
    """Sign what is on the ledger now, beside whatever else runs, and print the signed note: keep it elsewhere.

    \b
    Example:
      clew checkpoint make > checkpoint.txt
    """
    _tell(asyncio.run(_make()), as_json=as_json)


@checkpoints.command()
def restart(by: By, reason: Reason, as_json: AsJson = False) -> None:
    """Begin the checkpoints anew where the ledger is rightly not what was signed, as after a restored backup.

    Stop the API first. Who did it and why is on record, the old file stays beside the new one, and whoever kept an
    older checkpoint can still show that the ledger is another. Prints the first checkpoint of the new file.

    \b
    Example:
      clew checkpoint restart --by operator-3 --reason backup_restored
    """
    _tell(asyncio.run(_restart(by, reason)), as_json=as_json)


def _tell(made: Any, *, as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result({"size": made.size, "root": made.root.hex(), "note": str(made.note)})
    else:
        print(made.note, end="")


@checkpoints.command()
def keys(api: Api = None, as_json: AsJson = False) -> None:
    """List the public keys that sign, and signed, checkpoints.

    \b
    Example:
      clew checkpoint keys > keys.txt
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get("/v1/checkpoints/keys")
    if as_json:
        console.result(found)
        return
    for each in found["items"]:
        print(each["key"])


async def _make() -> Any:
    from cli.ledger_file import ledger
    from ledger.notary import notary_of
    from ledger.trouble import database_trouble
    from schemas.errors import NotFound

    settings = load()
    async with ledger(settings) as database:
        with database_trouble():
            made = await notary_of(database, settings).make()
    if made is None:
        raise NotFound("unknown_checkpoint", "The ledger has no entry: there is nothing to sign.")
    return made


async def _restart(by: str, reason: str) -> Any:
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from cli.ledger_file import ledger
    from ledger.restart import restart as begin_anew
    from ledger.trouble import database_trouble
    from schemas.errors import Invalid, flaws_of
    from schemas.operations import Said

    try:
        said = Said(by=by, reason=reason)
    except ValidationError as error:
        raise Invalid("malformed", "Say who it is and why, as codes.", flaws_of(error)) from None
    settings = load()
    async with ledger(settings) as database:
        with database_trouble():
            return await begin_anew(database, settings, said.by, said.reason, datetime.now(UTC))
