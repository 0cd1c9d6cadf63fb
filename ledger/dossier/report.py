"""The report of a dossier: one HTML page without anything from elsewhere, to read and to print. Pure."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ledger.checkpoints import Checkpoint
from ledger.dossier.views import custody, genealogy, signatures, view_of
from ledger.view import View
from schemas.base import iso
from schemas.entries import Entry, counting

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 Georgia, 'Times New Roman', serif; color: #111; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #111; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
caption { text-align: left; color: #444; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #bbb;
  overflow-wrap: anywhere; }
code { font: .8rem/1.4 'Courier New', monospace; overflow-wrap: anywhere; }
.quiet { color: #444; }
@page { size: A4; margin: 18mm 15mm; }
@media print {
  body { margin: 0; max-width: none; padding: 0; font-size: 10pt; }
  thead { display: table-header-group; }
  tr, h2 { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Dossier {coi}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Dossier of journey {coi}</h1>
{parts}
</main>
</body>
</html>
"""

_CUSTODY = ("container", "from", "until", "organisation", "place", "people", "condition or end", "entry")
_NOTHING = "None on record."
_NONE_HERE = "None in this file."


def report(entries: Sequence[Entry], operations: Sequence[Entry], checkpoint: Checkpoint) -> str:
    """The page over a journey's entries and what operators did that concerns it."""
    told = counting(entries)
    view = view_of(told)
    parts = [
        _summary(entries, view, checkpoint),
        _section("Parties", ("role", "organisation"), sorted(_journey(view)["parties"].items())),
        _section("Stages", ("stage", "kind", "status", "visit", "began", "ended"), _stages(view)),
        _section(
            "Containers and doses", ("container", "kind", "became", "batch", "made from", "made into"), _graph(told)
        ),
        _section("Custody", _CUSTODY, _held(told)),
        _section("People", ("entry", "what", "role", "by", "at"), _people(told)),
        _section("Deviations", ("deviation", "what", "about", "opened", "resolved", "how"), _deviations(view)),
        _section("Decisions", ("task", "question", "role", "choice", "reason", "by", "at"), _decisions(view)),
        _section("Timeline", ("entry", "number", "occurred", "recorded", "what", "by", "said"), map(_line, entries)),
        _section(
            "What operators did",
            ("entry", "chain", "occurred", "recorded", "what", "by", "said"),
            map(_line, operations),
            _NONE_HERE,
        ),
    ]
    return _PAGE.format(coi=escape(entries[0].journey), style=_STYLE, parts="\n".join(parts))


def _summary(entries: Sequence[Entry], view: View, checkpoint: Checkpoint) -> str:
    journey = _journey(view)
    set_aside = len(entries) - len(counting(entries))
    aside = f", {set_aside} of them set aside by a later one" if set_aside else ""
    return (
        f"<p>Order {escape(journey['order_number'])}, protocol {escape(journey['protocol'])} version"
        f" {journey['version']}; status: <strong>{escape(journey['status'])}</strong>.</p>\n"
        f"<p>{len(entries)} entries{aside}, from {_moment(entries[0].occurred_at)} to"
        f" {_moment(entries[-1].occurred_at)}. They are under the checkpoint of {_moment(checkpoint.at)}, when the"
        f" ledger <code>{escape(checkpoint.origin)}</code> had {checkpoint.size} entries with the root"
        f" <code>{checkpoint.root.hex()}</code>.</p>\n"
        '<p class="quiet">All times are UTC. This page is made from the entries that travel with it; README.txt says'
        " how to check that.</p>"
    )


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], nothing: str = _NOTHING) -> str:
    body = "\n".join(f"<tr>{''.join(f'<td>{_cell(each)}</td>' for each in row)}</tr>" for row in rows)
    if not body:
        return f'<h2>{title}</h2>\n<p class="quiet">{nothing}</p>'
    head = "".join(f'<th scope="col">{each}</th>' for each in columns)
    return f"<h2>{title}</h2>\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _stages(view: View) -> Iterable[Sequence[Any]]:
    for row in sorted(view.stages.values(), key=lambda each: each["ordinal"]):
        yield row["stage"], row["kind"], row["status"], row["visit"], _moment(row["began_at"]), _moment(row["ended_at"])


def _graph(entries: Sequence[Entry]) -> Iterable[Sequence[Any]]:
    for each in genealogy(entries)["containers"]:
        yield each["id"], each["kind"], each["status"], each["batch"], each["parents"], each["children"]


def _held(entries: Sequence[Entry]) -> Iterable[Sequence[Any]]:
    for name, spells in custody(entries)["containers"].items():
        for each in spells:
            until = _short(each["until"]) if each["until"] else "-"
            people = [each[who] for who in ("given_by", "taken_by") if each[who]]
            what = [each[of] for of in ("condition", "ended") if each[of]]
            yield (
                name,
                _short(each["since"]),
                until,
                each["party"] or each["role"],
                each["place"],
                people,
                what,
                each["entry"],
            )


def _people(entries: Sequence[Entry]) -> Iterable[Sequence[Any]]:
    for each in signatures(entries)["signatures"]:
        yield each["entry"], each["what"], each["role"], each["by"], _short(each["at"])


def _deviations(view: View) -> Iterable[Sequence[Any]]:
    for row in view.deviations.values():
        opened, resolved = _moment(row["opened_at"]), _moment(row["resolved_at"])
        yield row["id"], row["code"], row["about"], opened, resolved, row["resolution"]


def _decisions(view: View) -> Iterable[Sequence[Any]]:
    for row in view.tasks.values():
        at = _moment(row["closed_at"])
        yield row["id"], row["question"], row["role"], row["choice"], row["reason"], row["decided_by"], at


def _line(entry: Entry) -> Sequence[Any]:
    where = entry.seq if "/" not in entry.journey else entry.journey
    occurred, recorded = _moment(entry.occurred_at), _moment(entry.recorded_at)
    return entry.position, where, occurred, recorded, entry.type, entry.actor, list(_words(entry.data))


def _words(data: Any, under: str = "") -> Iterable[str]:
    """What a fact says, leaf by leaf."""
    if isinstance(data, dict):
        for name in sorted(data):
            yield from _words(data[name], f"{under}.{name}" if under else name)
    elif isinstance(data, list) and any(isinstance(each, dict | list) for each in data):
        for number, each in enumerate(data, start=1):
            yield from _words(each, f"{under}.{number}")
    elif isinstance(data, list):
        yield f"{under}: {', '.join(map(str, data))}"
    elif data is not None:
        yield f"{under}: {data}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "<br>".join(escape(str(each)) for each in value)
    return escape(str(value))


def _moment(moment: Any) -> str:
    return "" if moment is None else _short(iso(moment))


def _short(spelt: str) -> str:
    return spelt[:19].replace("T", " ")


def _journey(view: View) -> dict[str, Any]:
    assert view.journey is not None, "a journey's first fact makes its row"
    return view.journey
