"""The GS1 DataMatrix of a label: its element string, and its modules (GS1 General Specifications; ISO/IEC 16022).

With a company prefix the label's number is a GIAI (AI 8004) of whoever licensed it. Without one nothing on the label
may look like a GS1 key: company-internal identifiers (AI 91 to 99) say it all.
"""

from typing import Any

from schemas.errors import Unavailable
from schemas.labels import LabelContent, LabelFor
from standards.labels.layout import Elements

GIAI, COI, THING, NUMBER = "8004", "91", "92", "93"
"""Application identifiers: individual asset; ours for chain of identity, container or dose, label."""

QUIET = 2
"""Modules of white on each side; the standard wants one."""

Modules = tuple[tuple[bool, ...], ...]
"""Rows of modules, True where it is dark; without quiet zone."""


def elements_of(content: LabelContent, label: LabelFor) -> Elements:
    """What the symbol of a label says."""
    number = (GIAI, content.gs1_prefix + label.number) if content.gs1_prefix else (NUMBER, label.number)
    thing = ((THING, label.id),) if label.id is not None else ()
    return (number, (COI, content.coi), *thing)


def modules_of(elements: Elements) -> Modules:
    """The symbol. Raises `Unavailable` (`labels_missing`) where the extra is not installed."""
    try:
        import zxingcpp
    except ModuleNotFoundError:
        raise missing() from None
    text = "".join(f"[{identifier}]{value}" for identifier, value in elements)
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, gs1=True, force_square=True)
    # Typing does not know before Python 3.12 what has a buffer.
    grey: Any = code.to_image(scale=1, add_quiet_zones=False)
    rows: Any = memoryview(grey).tolist()
    return tuple(tuple(dot == 0 for dot in row) for row in rows)


def missing() -> Unavailable:
    return Unavailable("labels_missing", "Drawing labels needs the extra: pip install 'clew[labels]'.")
