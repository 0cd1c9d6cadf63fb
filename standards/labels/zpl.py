"""Labels as ZPL II, for the printer's own type; the symbol goes as the very dots that it is made of."""

from collections.abc import Iterator, Sequence
from enum import IntEnum

from standards.labels.layout import ASCENT, Drawing, Item, Rule, Symbol, Text
from standards.labels.symbol import QUIET, modules_of

_MM_AN_INCH = 25.4
_NARROW = 0.9
"""The width of the printer's scalable type, as a part of its height: so it is never wider than was planned."""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-/+()%*=&")


class Dpi(IntEnum):
    """The resolutions that label printers have."""

    DPI_203 = 203
    DPI_300 = 300


def zpl(drawings: Sequence[Drawing], dpi: Dpi = Dpi.DPI_203) -> str:
    """The labels, one after the other."""
    return "".join(_label(each, dpi / _MM_AN_INCH) for each in drawings)


def _label(drawing: Drawing, dots: float) -> str:
    size = f"^PW{round(drawing.width * dots)}^LL{round(drawing.height * dots)}"
    items = "\n".join(line for each in drawing.items for line in _item(each, dots))
    return f"^XA^CI28^LH0,0{size}\n{items}\n^XZ\n"


def _item(item: Item, dots: float) -> Iterator[str]:
    match item:
        case Text():
            high = round(item.size * dots)
            top = round((item.y - ASCENT * item.size) * dots)
            yield f"^FO{round(item.x * dots)},{top}^A0N,{high},{round(high * _NARROW)}^FH^FD{_escaped(item.words)}^FS"
        case Rule():
            thick = max(1, round(item.thickness * dots))
            at = f"^FO{round(item.x * dots)},{round(item.y * dots)}"
            yield f"{at}^GB{round(item.width * dots)},{thick},{thick}^FS"
        case Symbol():
            yield _graphic(item, dots)


def _escaped(words: str) -> str:
    """Whatever could be a command, and whatever is not ASCII, by the bytes of its UTF-8."""
    return "".join(each if each in _PLAIN else "".join(f"_{byte:02X}" for byte in each.encode()) for each in words)


def _graphic(symbol: Symbol, dots: float) -> str:
    """The symbol as a graphic field: every module a whole number of dots, so that none is wider than another."""
    modules = modules_of(symbol.elements)
    side = int(symbol.size * dots / (len(modules) + 2 * QUIET))
    rows = [_row(line, side) for line in modules for _ in range(side)]
    total, wide = sum(map(len, rows)) // 2, len(rows[0]) // 2
    at = f"^FO{round(symbol.x * dots) + QUIET * side},{round(symbol.y * dots) + QUIET * side}"
    return f"{at}^GFA,{total},{total},{wide},{''.join(rows)}^FS"


def _row(line: Sequence[bool], side: int) -> str:
    """One row of dots in hexadecimal digits, filled up to whole bytes with white."""
    bits = "".join(("1" if dark else "0") * side for dark in line)
    bits += "0" * (-len(bits) % 8)
    return f"{int(bits, 2):0{len(bits) // 4}X}"
