"""Labels as SVG: real millimetres, real text, and each text as wide as it was planned, whatever type a viewer has."""

from collections.abc import Iterator, Sequence
from html import escape

from standards.labels.layout import Drawing, Item, Rule, Symbol, Text
from standards.labels.symbol import QUIET, modules_of

_TYPE = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"
_GAP = 4.0


def svg(drawings: Sequence[Drawing]) -> str:
    """The labels, one below the other."""
    width = max(each.width for each in drawings)
    height = sum(each.height for each in drawings) + _GAP * (len(drawings) - 1)
    body = "\n".join(_at(each, place * (each.height + _GAP)) for place, each in enumerate(drawings))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}mm" height="{_n(height)}mm" '
        f'viewBox="0 0 {_n(width)} {_n(height)}">\n{body}\n</svg>\n'
    )


def _at(drawing: Drawing, y: float) -> str:
    edge = f'<rect width="{_n(drawing.width)}" height="{_n(drawing.height)}" rx="1.5" fill="#fff"/>'
    items = "\n".join(line for each in drawing.items for line in _item(each))
    return f'<g transform="translate(0 {_n(y)})" font-family="{_TYPE}">\n{edge}\n{items}\n</g>'


def _item(item: Item) -> Iterator[str]:
    match item:
        case Text():
            weight = ' font-weight="bold"' if item.bold else ""
            yield (
                f'<text x="{_n(item.x)}" y="{_n(item.y)}" font-size="{_n(item.size)}"{weight} xml:space="preserve" '
                f'textLength="{_n(item.width)}" lengthAdjust="spacingAndGlyphs">{escape(item.words)}</text>'
            )
        case Rule():
            yield (
                f'<rect x="{_n(item.x)}" y="{_n(item.y - item.thickness / 2)}" width="{_n(item.width)}" '
                f'height="{_n(item.thickness)}"/>'
            )
        case Symbol():
            yield f'<path shape-rendering="crispEdges" d="{_path(item)}"/>'


def _path(symbol: Symbol) -> str:
    """Each run of dark modules as one rectangle."""
    modules = modules_of(symbol.elements)
    side = symbol.size / (len(modules) + 2 * QUIET)
    parts = []
    for row, line in enumerate(modules):
        for start, length in _runs(line):
            x, y = symbol.x + (start + QUIET) * side, symbol.y + (row + QUIET) * side
            parts.append(f"M{_n(x)} {_n(y)}h{_n(length * side)}v{_n(side)}h-{_n(length * side)}z")
    return "".join(parts)


def _runs(line: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where each run of dark modules begins, and how long it is."""
    start: int | None = None
    for place, dark in enumerate((*line, False)):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            yield start, place - start
            start = None


def _n(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
