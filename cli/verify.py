"""`clew verify`: check the whole record, or a dossier, as a stranger would."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson
from cli.settings import load

if TYPE_CHECKING:
    from ledger.notes import PublicKey

_QUIET_BELOW = 200_000
"""Entries that are checked before anybody wonders whether anything happens."""

Kept = Annotated[
    Path | None,
    typer.Option("--checkpoint", exists=True, dir_okay=False, help="A checkpoint that you kept, as receipts carry it."),
]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--key", exists=True, dir_okay=False, help="The public keys that you trust, as `checkpoint keys` lists them."
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    projections: Annotated[
        bool, typer.Option("--projections", help="Also make every page again from the record, and compare.")
    ] = False,
    dossier: Annotated[
        Path | None,
        typer.Option("--dossier", exists=True, dir_okay=False, help="Check this file; needs no ledger and no network."),
    ] = None,
    checkpoint: Kept = None,
    key: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Check every entry of the ledger, the tree over them and the checkpoints: nothing changed, removed, put in
    between, moved, cut off or brought back from an old copy.

    Reads the database of CLEW_DATABASE_URL or CLEW_HOME directly, so it needs nothing else to run. Exit code 1: the
    first bad entry is named.

    \b
    Examples:
      clew verify --projections
      clew verify --checkpoint checkpoint.txt
      clew verify --dossier CLEWYDWJ67KE69S6NHBXI.zip --key keys.txt
    """
    from cli import console

    note, trusted = _text(checkpoint), _keys(key)
    if dossier is not None and projections:
        raise typer.BadParameter("--projections is about the ledger's pages: a dossier has none")
    if dossier is not None:
        raise typer.Exit(_check_dossier(dossier, note, trusted, as_json=as_json))
    found = asyncio.run(_verify(projections, note, trusted))
    if as_json:
        console.result(found.model_dump(mode="json"))
    else:
        _tell(found)
    raise typer.Exit(0 if found.ok else 1)


def _tell(found: Any) -> None:
    if found.ok:
        print(f"{found.entries} entries of {found.journeys} journeys: all as they were written.")
        print(f"{found.checkpoints} checkpoints agree.")
    else:
        bad = found.first_bad
        print(f"Entry {bad.position or '-'} (journey {bad.journey or '-'}, number {bad.seq or '-'}): {bad.problem}.")
    for each in found.unchecked:
        print(f"Not checked: {each}.")


async def _verify(projections: bool, note: str | None, trusted: "Sequence[PublicKey] | None") -> Any:
    from cli.ledger_file import ledger
    from ledger.verify import verify as check_record
    from ledger.witnesses import witnesses_of

    settings = load()
    async with ledger(settings) as database:
        witnesses = witnesses_of(settings, note, trusted)
        return await check_record(database, projections=projections, witnesses=witnesses, progress=_progress)


def _progress(done: int, of: int) -> None:
    if of > _QUIET_BELOW:
        typer.echo(f"\r{done:,} of {of:,} entries" + ("\n" if done == of else ""), err=True, nl=False)


def _text(path: Path | None) -> str | None:
    from schemas.errors import Invalid

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Invalid("malformed", f"{path} cannot be read as text.") from None


def _keys(path: Path | None) -> "Sequence[PublicKey] | None":
    text = _text(path)
    if text is None:
        return None
    from ledger.notes import read_key
    from schemas.errors import Invalid

    try:
        keys = [read_key(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise Invalid("malformed", f"{path} holds what is no public key: `clew checkpoint keys` lists ours.") from None
    if not keys:
        raise Invalid("malformed", f"{path} holds no public key: `clew checkpoint keys` lists ours.")
    return keys


def _check_dossier(path: Path, note: str | None, trusted: "Sequence[PublicKey] | None", *, as_json: bool) -> int:
    from cli import console
    from ledger.dossier.check import check

    found = check(path, note=note, trusted=trusted)
    if as_json:
        console.result(found.model_dump(mode="json"))
        return 0 if found.ok else 1
    for each in found.problems:
        print(f"Wrong: {each}.")
    for each in found.proven:
        print(f"Proven: {each}.")
    for each in found.unproven:
        print(f"Not proven: {each}.")
    return 0 if found.ok else 1
