"""The parts of a drawn label, in millimetres from its top left corner, and a column that fills from the top down.

All text is set in one width (DejaVu Sans Mono), so how wide a text is can be known without a printer, and 0 and O, 1
and l differ. What does not fit is refused and never cut off: a shortened identifier is another identifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from schemas.errors import Flaw, Invalid

ADVANCE = 1233 / 2048
"""The width of every character, as a part of the type's size."""

ASCENT, LINE = 0.78, 1.16
"""From the top of a line to its baseline, and from line to line, as parts of the type's size."""

Elements = tuple[tuple[str, str], ...]
"""A GS1 element string: application identifiers, each with its value."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `y` is its baseline, `size` the type's size."""

    x: float
    y: float
    size: float
    words: str
    bold: bool = False

    @property
    def width(self) -> float:
        return len(self.words) * self.size * ADVANCE


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line; `y` is its middle."""

    x: float
    y: float
    width: float
    thickness: float = 0.25


@dataclass(frozen=True, slots=True)
class Symbol:
    """A square for a GS1 DataMatrix with its quiet zone; `size` is the side."""

    x: float
    y: float
    size: float
    elements: Elements


Item = Text | Rule | Symbol


@dataclass(frozen=True, slots=True)
class Drawing:
    """A label."""

    width: float
    height: float
    items: tuple[Item, ...]

    def symbols(self) -> list[Symbol]:
        return [each for each in self.items if isinstance(each, Symbol)]


@dataclass
class Column:
    """Text from the top down. `y` is where the next line begins; `bottom` is where the last must end."""

    x: float
    y: float
    width: float
    bottom: float
    items: list[Item] = field(default_factory=list)

    def text(
        self,
        name: str,
        words: str,
        size: float,
        least: float,
        *,
        bold: bool = False,
        lines: Literal[1, 2] = 1,
        by_word: bool = False,
    ) -> None:
        """Set a text as large as it fits, from `size` down to `least`, on one line or, where it may, on two.

        Raises `Invalid` (`label_text_too_long`), naming the field.
        """
        for rows in range(1, lines + 1):
            parts = _parts(words, rows, by_word=by_word)
            fits = self.width / (max(map(len, parts)) * ADVANCE) if words else size
            if fits >= least:
                self._set(name, parts, min(size, fits), bold)
                return
        raise too_long(name)

    def rule(self, gap: float = 0.9) -> None:
        """A line across, with a gap above and below."""
        self.items.append(Rule(self.x, self.y + gap, self.width))
        self.y += 2 * gap

    def _set(self, name: str, parts: Sequence[str], size: float, bold: bool) -> None:
        for part in parts:
            self.items.append(Text(self.x, self.y + ASCENT * size, size, part, bold))
            self.y += LINE * size
        if self.y > self.bottom:
            raise too_long(name)


def too_long(name: str) -> Invalid:
    flaw = Flaw(pointer=f"/{name}", code="label_text_too_long", detail="it does not fit on a label of this size")
    return Invalid("label_text_too_long", f"The label has no room for its {name}: choose a larger one.", [flaw])


def _parts(words: str, rows: int, *, by_word: bool) -> list[str]:
    """The text on one line or two, as even as can be."""
    if rows == 1:
        return [words]
    if not by_word:
        half = -(-len(words) // 2)
        return [words[:half], words[half:]]
    split = words.split(" ")
    ways = [[" ".join(split[:place]), " ".join(split[place:])] for place in range(1, len(split))]
    return min(ways, key=lambda way: max(map(len, way)), default=[words])
