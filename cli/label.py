"""`clew label issue|print|apply|destroy|return|void|reconcile|list|show`: labels until every one is accounted for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.files import write_file
from cli.options import Api, AsJson, By, Coi, Reason
from cli.paths import path_to

if TYPE_CHECKING:
    from standards.labels.sheet import SheetFormat

labels = typer.Typer(help="Labels: each has a number, and every one is accounted for.", no_args_is_help=True)

Set = Annotated[str, typer.Argument(help="The set's id.")]
Numbers = Annotated[list[str], typer.Argument(help="Label numbers, as they stand on the labels; blanks do not matter.")]


def register(app: typer.Typer) -> None:
    app.add_typer(labels, name="label")


@labels.command()
def issue(
    journey: Coi,
    stage: Annotated[str, typer.Argument(help="The stage that waits until they are accounted for.")],
    by: By,
    reason: Reason,
    container: Annotated[list[str] | None, typer.Option(help="A label for this container. Repeatable.")] = None,
    dose: Annotated[list[str] | None, typer.Option(help="A label for this dose. Repeatable.")] = None,
    blank: Annotated[int, typer.Option(min=0, help="Labels whose container is written in later.")] = 0,
    product: Annotated[str | None, typer.Option(help="A product code; else the material of the stage.")] = None,
    expires: Annotated[str | None, typer.Option(help="When the material expires: 2026-03-05T10:10:00Z.")] = None,
    size: Annotated[str, typer.Option(help="bag (100 by 70 mm) or vial (60 by 25 mm).")] = "bag",
    statement: Annotated[list[str] | None, typer.Option(help="A statement's code. Repeatable.")] = None,
    one_person: Annotated[
        bool,
        typer.Option(
            "--one-person", help="One person labels and signs the account; else two do, which the field expects."
        ),
    ] = False,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: said again with it, the same set.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Issue labels for a stage of a journey.

    \b
    Example:
      clew label issue CLEWYDWJ67KE69S6NHBXI collection --container BAG-1 --blank 2 --by nurse-17 --reason planned
    """
    asked: dict[str, Any] = {"stage": stage, "containers": container or [], "doses": dose or [], "blank": blank}
    asked |= {"product": product, "expires_at": expires, "size": size, "two_people": not one_person}
    asked |= {"statements": statement} if statement else {}
    headers = {"idempotency_key": key} if key else {}
    path = path_to("/v1/journeys/{}/labels", journey)
    _show(_post(path, asked | {"by": by, "reason": reason}, api, **headers), as_json)


@labels.command("print")
def print_(
    label_set: Set,
    output: Annotated[Path, typer.Option(help="The file to write; its ending says the form: .pdf, .zpl or .svg.")],
    by: By,
    number: Annotated[list[str] | None, typer.Option(help="Only this label. Repeatable.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why what was printed before is printed again.")] = None,
    dpi: Annotated[int, typer.Option(help="Of a ZPL printer: 203 or 300.")] = 203,
    paper: Annotated[str, typer.Option(help="For PDF: label (one a page) or a4.")] = "label",
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Draw labels into a file, and note that they are printed.

    \b
    Example:
      clew label print LS7KQ2M9XW4D --output labels.pdf --by nurse-17
    """
    from cli.client import Api as Client

    form, numbers = _form(output), [_plain(each) for each in number] if number else None
    with Client(api) as client:
        # First what can fail: nothing is noted of a print that there is no document of.
        asked = {"format": form.value, "dpi": dpi, "paper": paper, "label": numbers}
        drawn = client.download(path_to("/v1/labels/{}/sheet", label_set), form.media_type, **asked)
        write_file(output, drawn)
        said = {"by": by, "reason": reason, "numbers": numbers}
        _show(client.post(path_to("/v1/labels/{}/print", label_set), said), as_json)


def _form(output: Path) -> "SheetFormat":
    from standards.labels.sheet import SheetFormat

    try:
        return SheetFormat(output.suffix.removeprefix(".").lower())
    except ValueError:
        raise typer.BadParameter("the file's ending says its form: .pdf, .zpl or .svg") from None


@labels.command()
def apply(
    label_set: Set,
    number: Annotated[str, typer.Argument(help="The label's number.")],
    container: Annotated[str, typer.Argument(help="The container or dose that bears it now.")],
    by: By,
    verified_by: Annotated[str | None, typer.Option(help="Who looked on; needed unless one person does it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why what bears a label gets another one.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Note that a label was applied.

    \b
    Example:
      clew label apply LS7KQ2M9XW4D LS7KQ2M9XW4D001K BAG-1 --by nurse-17 --verified-by nurse-23
    """
    said = {"number": _plain(number), "container": container, "by": by, "verified_by": verified_by, "reason": reason}
    _show(_post(path_to("/v1/labels/{}/apply", label_set), said, api), as_json)


@labels.command()
def destroy(label_set: Set, numbers: Numbers, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Note that printed labels were destroyed.

    \b
    Example:
      clew label destroy LS7KQ2M9XW4D LS7KQ2M9XW4D003G --by nurse-17 --reason not_needed
    """
    _settle(label_set, "destroy", numbers, by, reason, api, as_json)


@labels.command("return")
def return_(label_set: Set, numbers: Numbers, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Note that printed labels went back.

    \b
    Example:
      clew label return LS7KQ2M9XW4D LS7KQ2M9XW4D003G --by nurse-17 --reason not_needed
    """
    _settle(label_set, "return", numbers, by, reason, api, as_json)


@labels.command()
def void(label_set: Set, numbers: Numbers, by: By, reason: Reason, api: Api = None, as_json: AsJson = False) -> None:
    """Take labels out before their use, printed or not.

    \b
    Example:
      clew label void LS7KQ2M9XW4D LS7KQ2M9XW4D003G --by nurse-17 --reason one_bag_less
    """
    _settle(label_set, "void", numbers, by, reason, api, as_json)


@labels.command()
def reconcile(
    label_set: Set,
    by: By,
    witnessed_by: Annotated[str | None, typer.Option(help="Who signs beside.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """Sign that every label of a set is accounted for.

    \b
    Example:
      clew label reconcile LS7KQ2M9XW4D --by nurse-17 --witnessed-by nurse-23
    """
    _show(_post(path_to("/v1/labels/{}/reconcile", label_set), {"by": by, "witnessed_by": witnessed_by}, api), as_json)


@labels.command("list")
def list_(
    journey: Annotated[str | None, typer.Argument(help="Only of this journey; left out: open ones of all.")] = None,
    api: Api = None,
    as_json: AsJson = False,
) -> None:
    """List label sets, the oldest first: a journey's, or whatever is open anywhere.

    \b
    Example:
      clew label list
      clew label list CLEWYDWJ67KE69S6NHBXI
    """
    from cli import console
    from cli.client import Api as Client

    with Client(api) as client:
        of_all = client.items("/v1/labels", status="open")
        found = list(client.items(path_to("/v1/journeys/{}/labels", journey)) if journey else of_all)
    if as_json:
        console.result(found)
    else:
        counts = ("issued", "used", "destroyed", "returned", "open")
        rows = [[each[name] for name in ("set", "journey", "stage", "status")] for each in found]
        rows = [[*row, *map(each["account"].get, counts)] for row, each in zip(rows, found, strict=True)]
        console.table(("set", "journey", "stage", "status", *counts), rows)


@labels.command()
def show(label_set: Set, api: Api = None, as_json: AsJson = False) -> None:
    """Show where each label of a set is.

    \b
    Example:
      clew label show LS7KQ2M9XW4D
    """
    from cli.client import Api as Client

    with Client(api) as client:
        _show(client.get(path_to("/v1/labels/{}", label_set)), as_json)


def _settle(
    label_set: str, what: str, numbers: list[str], by: str, reason: str, api: str | None, as_json: bool
) -> None:
    said = {"numbers": [_plain(each) for each in numbers], "by": by, "reason": reason}
    _show(_post(path_to("/v1/labels/{}/{}", label_set, what), said, api), as_json)


def _plain(number: str) -> str:
    """A number as a person may copy it from a label: in groups, in small letters."""
    return number.replace(" ", "").upper()


def _post(path: str, body: dict[str, Any], api: str | None, **headers: str) -> Any:
    from cli.client import Api as Client

    with Client(api) as client:
        return client.post(path, body, **headers)


def _show(found: dict[str, Any], as_json: bool) -> None:
    from cli import console

    if as_json:
        console.result(found)
        return
    print(f"{found['set']}  {found['stage']}  {found['status']}")
    print("two people label and sign" if found["two_people"] else "one person labels and signs")
    if found["reconciled_by"]:
        print(f"accounted for by {found['reconciled_by']}, witnessed by {found['witnessed_by'] or 'nobody'}")
    columns = ("number", "thing", "status", "prints", "container", "by", "verified_by", "reason")
    headings = [each.replace("_", " ") for each in columns]
    console.table(headings, [[each[name] for name in columns] for each in found["labels"]])
