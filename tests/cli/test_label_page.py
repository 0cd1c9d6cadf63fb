"""`clew label show`, as people read it: who put each label on, who looked on, and who signed."""

import pytest

from api.label_examples import APPLIED, RECONCILED
from cli import label


def test_who_looked_on_and_who_signed_can_be_seen(capsys: pytest.CaptureFixture[str]) -> None:
    label._show(RECONCILED["Signed by two"], as_json=False)
    said = capsys.readouterr().out
    assert "two people label and sign" in said
    assert "accounted for by nurse-17, witnessed by nurse-23" in said
    headings, first = said.splitlines()[3:5]
    at = headings.index("VERIFIED BY")
    assert first[at:].split() == ["nurse-23", "label_applied"]


def test_a_set_of_one_person_says_so_and_names_nobody_who_has_not_signed(capsys: pytest.CaptureFixture[str]) -> None:
    label._show({**APPLIED["One is used"], "two_people": False}, as_json=False)
    said = capsys.readouterr().out
    assert "one person labels and signs" in said and "accounted for" not in said
