"""`clew hold list|show|sign`: whose cells are in doubt, and what two people found."""

from typing import Annotated, Any, Literal

import typer

from cli.options import Api, AsJson, By, Reason
from cli.paths import path_to

holds = typer.Typer(help="Identity holds: whose cells are in doubt.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The hold's id.")]


def register(app: typer.Typer) -> None:
    app.add_typer(holds, name="hold")


@holds.command("list")
def list_(
    status: Annotated[Literal["open", "closed", "all"], typer.Option(help="Which ones.")] = "open",
    journey: Annotated[str | None, typer.Option(help="Only of this journey, by chain-of-identity id.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List identity holds, the newest first.

    \b
    Example:
      clew hold list
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/holds", status=None if status == "all" else status, journey=journey))
    if as_json:
        console.result(found)
        return
    rows = [(h["id"], h["reason"], " ".join(h["sides"]), _signed(h), h["opened_at"]) for h in found]
    console.table(("hold", "reason", "journeys", "signed", "opened"), rows)


@holds.command()
def show(hold: Id, api: Api = None, as_json: AsJson = False) -> None:
    """Show a hold: which journeys it holds, which identifiers are in doubt, who has signed what.

    \b
    Example:
      clew hold show hold-4f3a91c07be25d68a1b2
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.get(path_to("/v1/holds/{}", hold)), as_json)


@holds.command()
def sign(
    hold: Id,
    finding: Annotated[Literal["not_crossed", "crossed"], typer.Argument(help="not_crossed or crossed.")],
    by: By,
    reason: Reason,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Sign what you found. The second person who signs the same closes the hold.

    \b
    Example:
      clew hold sign hold-4f3a91c07be25d68a1b2 not_crossed --by qa-07 --reason labels_compared
    """
    from cli.client import Api as Client

    with Client(api) as client:
        signing = {"by": by, "reason": reason, "finding": finding}
        _show(client.post(path_to("/v1/holds/{}/signatures", hold), signing), as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result(found)
        return
    shown = found | {name: " ".join(found[name]) for name in ("sides", "about")} | {"signatures": _signed(found)}
    console.table(("hold", found["id"]), [each for each in shown.items() if each[0] != "id"])
    if found["finding"] is None:
        who = "another person" if found["signatures"] else "each of two people"
        print(f"\nNext: compare labels, wristband and papers; then {who} signs what they found:")
        print(f"  clew hold sign {found['id']} not_crossed|crossed --by WHO --reason WHY")


def _signed(hold: dict[str, Any]) -> str:
    return ", ".join(f"{each['by']}: {each['finding']}" for each in hold["signatures"])
