"""Release: tested, reviewed, signed. "Made" is not "released"."""

from typing import TYPE_CHECKING

from schemas.identity import Role
from schemas.stages import ReleaseStage
from workflows import checks
from workflows.hand_overs import HAND_OVER
from workflows.steps import MAKE_AGAIN, Departure, Step, steps

if TYPE_CHECKING:
    from workflows.desk import Desk

STEPS = steps(
    Step("test.reported", checks=(checks.batch_is_under_review, checks.test_is_specified)),
    Step(
        "batch.released",
        before=("batch.rejected",),
        waits=checks.tests_outstanding,
        checks=(
            *HAND_OVER,
            checks.batch_is_under_review,
            checks.doses_are_the_batchs,
            checks.tests_passed,
            checks.release_is_signed,
        ),
    ),
    Step(
        "batch.rejected",
        before=("batch.released",),
        checks=(checks.batch_is_under_review,),
        departs=Departure("batch_rejected"),
    ),
)


async def release(desk: "Desk[ReleaseStage]") -> None:
    """Have the batch tested, then reviewed and signed. After a rejection a person decides how to go on."""
    batch = checks.batch_under_review(desk.state, desk.stage)
    doses = sorted(each.id for each in checks.doses_of(desk.state, batch))
    tests = set(desk.spec.tests)
    await desk.tell(Role.LABORATORY, "request_release_tests", lambda: {"batch": batch, "tests": list(desk.spec.tests)})
    await desk.until(
        lambda: desk.heard("batch.rejected") or tests <= {each.key for each in desk.heard("test.reported")}
    )
    if not desk.heard("batch.rejected"):
        review = {"batch": batch, "doses": doses, "signatures": list(desk.spec.signatures)}
        await desk.tell(desk.spec.at, "request_disposition", lambda: review)
    outcome = await desk.hears("batch.released", "batch.rejected")
    if outcome.type == "batch.rejected":
        desk.asks("batch_rejected", MAKE_AGAIN, question="batch_rejected")
