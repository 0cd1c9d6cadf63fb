"""`clew delivery list|show|resend|confirm|give-up`: the operator's desk over commands to partners."""

import json
from typing import Annotated, Any

import typer

from cli.options import Api, AsJson, By, DeliveryStatus, Reason
from cli.paths import path_to

deliveries = typer.Typer(help="Deliveries: commands on their way to partners.", no_args_is_help=True)

Delivery = Annotated[str, typer.Argument(help="The delivery's id, as `clew delivery list` shows it.")]


def register(app: typer.Typer) -> None:
    app.add_typer(deliveries, name="delivery")


@deliveries.command("list")
def list_(
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only with this status.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only to this partner.")] = None,
    journey: Annotated[str | None, typer.Option(help="Only of this journey.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List deliveries, the oldest first.

    \b
    Example:
      clew delivery list --status failing --partner coldline
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = list(client.items("/v1/deliveries", status=status, partner=partner, journey=journey))
    if as_json:
        console.result(found)
        return
    rows = [
        (
            each["id"],
            each["partner"],
            each["command"],
            each["journey"],
            each["status"],
            each["attempts"],
            _span(each["age"]),
            each["next_attempt_at"],
            each["reason"],
        )
        for each in found
    ]
    console.table(("delivery", "partner", "command", "journey", "status", "tried", "age", "next", "reason"), rows)


@deliveries.command()
def show(delivery: Delivery, api: Api = None, as_json: AsJson = False) -> None:
    """Show a delivery with its attempts, and what the partner answered to each.

    \b
    Example:
      clew delivery show D4f3a91c07be25d68
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.get(path_to("/v1/deliveries/{}", delivery))
    if as_json:
        console.result(found)
        return
    print(f"{found['key']} to {found['partner']}: {found['status']}" + _because(found["reason"]))
    print(f"sends {json.dumps(found['details'], ensure_ascii=False)}\n")
    rows = [
        (
            each["number"],
            each["at"],
            each["kind"],
            each["outcome"],
            each["status"],
            f"{each['seconds']:.2f} s",
            each["answer"] or each["problem"],
        )
        for each in found["tried"]
    ]
    console.table(("no.", "at", "asked to", "outcome", "status", "took", "answer"), rows)


@deliveries.command()
def resend(
    delivery: Delivery,
    by: By,
    reason: Reason,
    details: Annotated[str | None, typer.Option(help="Send these details from now on: a JSON object.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Try a delivery now; with --details, as changed. An unknown outcome is looked up first.

    \b
    Examples:
      clew delivery resend D4f3a91c07be25d68 --by operator-3 --reason partner_is_back
      clew delivery resend D4f3a91c07be25d68 --by operator-3 --reason wrong_bag --details '{"containers": ["DN-1-B"]}'
    """
    changed = {} if details is None else {"details": _object(details)}
    _act(delivery, "resend", {"by": by, "reason": reason, **changed}, api, as_json)


@deliveries.command()
def confirm(
    delivery: Delivery,
    by: By,
    reason: Reason,
    reference: Annotated[str | None, typer.Option(help="The partner's own name for what it will do.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Say that the partner has taken a command whose outcome is unknown.

    \b
    Example:
      clew delivery confirm D4f3a91c07be25d68 --by operator-3 --reason confirmed_by_phone --reference CL-2026-0815
    """
    _act(delivery, "confirm", {"by": by, "reason": reason, "reference": reference}, api, as_json)


@deliveries.command("give-up")
def give_up(delivery: Delivery, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Give a delivery up; its journey then asks how to go on.

    \b
    Example:
      clew delivery give-up D4f3a91c07be25d68 --by operator-3 --reason courier_closed
    """
    _act(delivery, "give-up", {"by": by, "reason": reason}, api, as_json)


def _act(delivery: str, action: str, body: dict[str, Any], api: str | None, as_json: bool) -> None:
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        found = client.post(path_to("/v1/deliveries/{}/{}", delivery, action), body)
    if as_json:
        console.result(found)
    else:
        print(f"{found['key']} to {found['partner']}: {found['status']}" + _because(found["reason"]))


def _object(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        raise typer.BadParameter("--details is not JSON") from None
    if not isinstance(read, dict):
        raise typer.BadParameter("--details is no JSON object")
    return read


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""


def _span(seconds: float) -> str:
    from datetime import timedelta

    return str(timedelta(seconds=round(seconds)))
