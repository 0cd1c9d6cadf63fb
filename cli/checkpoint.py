"""`clew checkpoint list|make|keys`: what the ledger was, signed."""

import asyncio
from typing import Annotated, Any

import typer

from cli.options import Api, AsJson
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
    from cli import console

    made = asyncio.run(_make())
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
