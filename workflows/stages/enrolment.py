"""Enrolment: everything that allows the therapy is on record."""

from typing import TYPE_CHECKING

from schemas.stages import EnrolmentStage
from workflows import checks
from workflows.steps import Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("evidence.provided", checks=(checks.evidence_is_needed, checks.evidence_is_valid), repeatable=True),
    Step("evidence.withdrawn", checks=(checks.evidence_is_needed,), repeatable=True),
)


async def enrolment(desk: "Desk[EnrolmentStage]") -> None:
    """Ask the centre for its evidence, and wait until every piece is in force."""
    needed = desk.spec.evidence
    await desk.tell(desk.spec.at, "request_evidence", lambda: {"evidence": list(needed)})
    await desk.until(lambda: checks.evidence_in_force(desk.stage, needed) == set(needed))
