"""Draws the label that the guide shows: `python -m tests.docs.label_picture`."""

from datetime import UTC, datetime

from api.examples import COI
from schemas.labels import LabelContent, LabelFor, Statement, label_number
from schemas.stages import Temperature
from standards.labels.drawing import draw
from standards.labels.svg import svg
from tests.docs.pages import ROOT

PICTURE = ROOT / "docs" / "pictures" / "label.svg"

_FOR_READERS = """<title>A label</title>
<desc>Chain of identity, container, product, expiry, storage range, statements, number of the label, and a symbol that
says the same to a scanner.</desc>
<style>@media (prefers-color-scheme: dark) { svg { background: #d8d8d8 } }</style>
"""


def picture() -> str:
    """A bag's label of the guide's own example."""
    content = LabelContent(
        coi=COI,
        title="Autologous CD19 CAR-T, cryopreserved",
        product="leukapheresis",
        expires_at=datetime(2026, 3, 5, 10, 10, tzinfo=UTC),
        storage=Temperature(min=2, max=8),
        statements=(Statement.AUTOLOGOUS_USE_ONLY, Statement.NOT_EVALUATED),
    )
    label = LabelFor(number=label_number("LS7KQ2M9XW4D", 1), kind="container", id="BAG-1")
    drawn = svg([draw(content, label, 3)])
    return drawn.replace(">\n", f">\n{_FOR_READERS}", 1)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
