"""What stands where on a label (FACT-JACIE: identifier, product, storage, expiry, statements; 21 CFR 1271.370(b))."""

from datetime import datetime

from schemas.labels import WORDS, LabelContent, LabelFor, LabelSize
from schemas.stages import Temperature
from standards.labels.layout import Column, Drawing, Item, Rule, Symbol
from standards.labels.symbol import elements_of

BAG, VIAL = (100.0, 70.0), (60.0, 25.0)
_CAPTION = 2.0
_UNSAID = "see record"


def draw(content: LabelContent, label: LabelFor, of: int) -> Drawing:
    """One of a set of so many labels. Raises `Invalid` (`label_text_too_long`) for what does not fit."""
    return _bag(content, label, of) if content.size is LabelSize.BAG else _vial(content, label, of)


def grouped(identifier: str) -> str:
    """An identifier in groups of four, to be read aloud and copied by hand."""
    return " ".join(identifier[start : start + 4] for start in range(0, len(identifier), 4))


def storage_words(storage: Temperature) -> str:
    """A range in degrees Celsius as a label says it."""
    match _degrees(storage.min), _degrees(storage.max):
        case None, None:
            return _UNSAID
        case None, high:
            return f"at {high} °C or below"
        case low, None:
            return f"at {low} °C or above"
        case low, high:
            return f"{low} to {high} °C"


def expiry_words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _degrees(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _bag(content: LabelContent, label: LabelFor, of: int) -> Drawing:
    width, height = BAG
    margin, symbol, bottom = 3.5, 27.0, height - 6.5
    inner = width - 2 * margin
    head = Column(margin, margin, inner, bottom)
    head.text("coi", "CHAIN OF IDENTITY", _CAPTION, _CAPTION)
    head.text("coi", grouped(content.coi), 5.6, 3.0, bold=True)
    head.rule()
    square = Symbol(width - margin - symbol, head.y, symbol, elements_of(content, label))
    left = Column(margin, head.y, inner - symbol - 2, bottom, head.items)
    _what(left, label)
    left.text("product", "PRODUCT", _CAPTION, _CAPTION)
    left.text("product", content.product, 3.6, 2.2, bold=True, lines=2)
    left.y += 0.4
    _limits(left, content)
    rest = Column(margin, max(left.y, square.y + symbol), inner, bottom, left.items)
    rest.text("title", content.title, 3.0, 2.0, lines=2, by_word=True)
    rest.rule(0.7)
    for each in content.statements:
        rest.text("statements", WORDS[each], 3.0, 1.9, bold=True)
    foot = Column(margin, height - 6.2, inner, height - 1.5, rest.items)
    foot.rule(0.6)
    foot.text("number", f"LABEL {grouped(label.number)}   {_place(label)} of {of}", 2.8, 2.2)
    return Drawing(width, height, (*foot.items, square))


def _what(column: Column, label: LabelFor) -> None:
    kind = "DOSE" if label.kind == "dose" else "CONTAINER"
    if label.id is None:
        column.text(label.kind, f"{kind} (write in)", _CAPTION, _CAPTION)
        column.y += 7
        column.rule(0.4)
        return
    column.text(label.kind, kind, _CAPTION, _CAPTION)
    column.text(label.kind, label.id, 6.0, 2.6, bold=True, lines=2)


def _limits(column: Column, content: LabelContent) -> None:
    """Expiry and storage, side by side."""
    half = (column.width - 2) / 2
    beside = Column(column.x + half + 2, column.y, half, column.bottom, column.items)
    below = Column(column.x, column.y, half, column.bottom, column.items)
    for name, caption, words, where in (
        ("expires_at", "EXPIRES", expiry_words(content.expires_at) if content.expires_at else _UNSAID, below),
        ("storage", "STORE", storage_words(content.storage) if content.storage else _UNSAID, beside),
    ):
        where.text(name, caption, _CAPTION, _CAPTION)
        where.text(name, words, 3.0, 2.0, bold=True, lines=2, by_word=True)
    column.y = max(beside.y, below.y)


def _vial(content: LabelContent, label: LabelFor, of: int) -> Drawing:
    width, height = VIAL
    margin, symbol = 1.5, 15.0
    inner, bottom = width - 2 * margin, height - 3.2
    square = Symbol(width - margin - symbol, margin, symbol, elements_of(content, label))
    left = Column(margin, margin, inner - symbol - 1, bottom)
    left.text("coi", grouped(content.coi), 2.5, 1.8, bold=True)
    if label.id is None:
        left.y += 3
        left.rule(0.3)
    else:
        left.text(label.kind, label.id, 3.2, 1.8, bold=True, lines=2)
    left.text("product", content.product, 2.0, 1.7, lines=2)
    if content.expires_at:
        left.text("expires_at", f"EXP {expiry_words(content.expires_at)}", 2.0, 1.6)
    if content.storage:
        left.text("storage", f"STORE {storage_words(content.storage)}", 2.0, 1.6)
    rest = Column(margin, max(left.y, square.y + symbol), inner, bottom, left.items)
    for each in content.statements:
        rest.text("statements", WORDS[each], 2.0, 1.6, bold=True)
    foot: list[Item] = [*rest.items, Rule(margin, height - 2.9, inner, 0.15)]
    last = Column(margin, height - 2.6, inner, height - 0.3, foot)
    last.text("number", f"{grouped(label.number)}  {_place(label)}/{of}", 1.9, 1.6)
    return Drawing(width, height, (*last.items, square))


def _place(label: LabelFor) -> int:
    return int(label.number[-4:-1])
