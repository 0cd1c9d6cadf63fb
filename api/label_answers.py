"""What the API says of labels."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from api.answers import Answer
from ledger.label_pages import LabelPages
from schemas.labels import OPEN, LabelContent, LabelStatus, ThingKind


class LabelView(Answer):
    """One label. `thing`: what it was made for; `container`: what bears it. `at`, `by`, `reason`: of its last step."""

    number: str
    kind: ThingKind
    thing: str | None
    status: LabelStatus
    prints: int
    container: str | None
    verified_by: str | None
    at: datetime
    by: str
    reason: str


class Account(Answer):
    """Labels issued = used + destroyed + returned + open. Voided ones count as destroyed."""

    issued: int
    used: int
    destroyed: int
    returned: int
    open: int


class LabelSetSummary(Answer):
    """A set in a list."""

    set: str
    journey: str
    stage: str
    status: Literal["open", "reconciled"]
    account: Account
    two_people: bool
    issued_at: datetime
    issued_by: str
    reconciled_at: datetime | None
    reconciled_by: str | None
    witnessed_by: str | None


class LabelSetView(LabelSetSummary):
    """A set: what stands on its labels, and where each label is."""

    content: LabelContent
    labels: list[LabelView]


def set_view(pages: LabelPages) -> LabelSetView:
    """A set as it is now."""
    assert pages.row is not None
    counts: dict[str, int] = {}
    for each in pages.labels.values():
        counts[each["status"]] = counts.get(each["status"], 0) + 1
    labels = [LabelView.model_validate(each) for each in pages.labels.values()]
    return LabelSetView.model_validate({**_summary(pages.row, counts), "labels": labels})


def set_summary(row: Mapping[str, Any], counts: Mapping[str, int]) -> LabelSetSummary:
    """A set in a list; `counts`: its labels by status."""
    return LabelSetSummary.model_validate(_summary(row, counts))


def _summary(row: Mapping[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    account = Account(
        issued=row["labels"],
        used=counts.get(LabelStatus.APPLIED, 0),
        destroyed=counts.get(LabelStatus.DESTROYED, 0) + counts.get(LabelStatus.VOID, 0),
        returned=counts.get(LabelStatus.RETURNED, 0),
        open=sum(counts.get(each, 0) for each in OPEN),
    )
    status = "open" if row["reconciled_at"] is None else "reconciled"
    return {**row, "set": row["id"], "status": status, "account": account}
