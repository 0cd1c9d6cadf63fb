"""Labels of one set as one document, in the form that a printer takes."""

from collections.abc import Sequence
from enum import StrEnum

from schemas.labels import LabelContent, LabelFor
from standards.labels.drawing import draw
from standards.labels.pdf import Paper, pdf
from standards.labels.svg import svg
from standards.labels.zpl import Dpi, zpl


class SheetFormat(StrEnum):
    """The form of a document of labels."""

    SVG = "svg"
    PDF = "pdf"
    ZPL = "zpl"

    @property
    def media_type(self) -> str:
        return {"svg": "image/svg+xml", "pdf": "application/pdf", "zpl": "application/zpl"}[self.value]


def sheet(
    content: LabelContent,
    labels: Sequence[LabelFor],
    of: int,
    form: SheetFormat,
    *,
    dpi: Dpi = Dpi.DPI_203,
    paper: Paper = Paper.LABEL,
) -> bytes:
    """Some labels, at least one, of a set of so many. Raises `Unavailable` (`labels_missing`)."""
    drawings = [draw(content, each, of) for each in labels]
    match form:
        case SheetFormat.SVG:
            return svg(drawings).encode()
        case SheetFormat.PDF:
            return pdf(drawings, paper)
        case SheetFormat.ZPL:
            return zpl(drawings, dpi).encode()
