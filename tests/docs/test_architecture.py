"""The architecture page names each word once, and every file of a journey."""

import re

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """What stands in the first column of a section's table."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    assert len(found) > 1, f"there is no table under {heading!r}"
    return found[1:]


def test_no_word_of_the_glossary_is_explained_twice() -> None:
    words = rows("Glossary")
    assert sorted(words) == sorted(set(words))


def test_every_file_of_workflows_has_its_row_and_no_other() -> None:
    told = [name for row in rows("How a journey is built") for name in re.findall(r"`([^`]+)`", row)]
    files = {path.name for path in (ROOT / "workflows").glob("*.py") if path.stem != "__init__"}
    assert sorted(told) == sorted(files | {"stages/"})
