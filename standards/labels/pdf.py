"""Labels as PDF, offline: one a page for a label printer, or sheets of A4."""

import json
from collections.abc import Sequence
from enum import StrEnum

from standards.labels.layout import Drawing
from standards.labels.svg import svg
from standards.labels.symbol import missing

_EACH = """#set page(width: WIDTHmm, height: HEIGHTmm, margin: 0mm)
#for (n, each) in json(bytes(sys.inputs.labels)).enumerate() {
  if n > 0 { pagebreak() }
  image(bytes(each), format: "svg", width: 100%)
}
"""
_SHEET = """#set page(paper: "a4", margin: 3mm)
#set par(leading: 2mm, spacing: 2mm)
#for each in json(bytes(sys.inputs.labels)) {
  box(stroke: 0.1mm + luma(70%), image(bytes(each), format: "svg", width: WIDTHmm))
  h(2mm, weak: true)
}
"""


class Paper(StrEnum):
    """`label`: each label is a page of its own size; `a4`: as many as fit on a sheet."""

    LABEL = "label"
    A4 = "a4"


def pdf(drawings: Sequence[Drawing], paper: Paper = Paper.LABEL) -> bytes:
    """The labels, all of one size. Raises `Unavailable` (`labels_missing`) where the extra is not installed."""
    try:
        import typst
    except ModuleNotFoundError:
        raise missing() from None
    first = drawings[0]
    source = (_SHEET if paper is Paper.A4 else _EACH).replace("WIDTH", f"{first.width:g}")
    source = source.replace("HEIGHT", f"{first.height:g}")
    labels = json.dumps([svg([each]) for each in drawings])
    made: bytes = typst.compile(source.encode(), format="pdf", sys_inputs={"labels": labels})
    return made
