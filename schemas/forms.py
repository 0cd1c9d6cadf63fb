"""What texts must look like: as a pattern for programs, and in words for whoever typed one that does not."""

from typing import Any

from pydantic import StringConstraints

_WORDS: dict[str, str] = {}


def form(pattern: str, words: str, *, strip: bool = False) -> StringConstraints:
    """A pattern, and the words that a refusal says in its place. `strip`: blanks around the text do not matter."""
    assert _WORDS.setdefault(pattern, words) == words, "one pattern is said in one way"
    return StringConstraints(pattern=pattern, strip_whitespace=strip or None)


def in_words(problem: str, context: dict[str, Any]) -> str:
    """What pydantic says of a text, for a person who has never seen a regular expression."""
    words = _WORDS.get(str(context.get("pattern")))
    return f"it should be {words}" if words else problem.removeprefix("Value error, ")
