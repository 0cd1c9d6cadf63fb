"""The treatment centre's onboarding system: enrols patients with Clew, and knows when one leaves."""

from datetime import UTC, datetime
from typing import Any

from fastapi.responses import JSONResponse, Response

from partners.simulator import durations
from partners.simulator.chance import chance_of, happens
from partners.simulator.config import SimulatorConfig
from partners.simulator.partner import SimulatedPartner
from partners.simulator.store import Waiting
from partners.simulator.story import Outgoing, Story, Target
from schemas.events import inner_type
from schemas.orders import JourneyOrder

REASONS = ("patient_choice", "disease_progression", "too_ill")


class OnboardingCentre(SimulatedPartner):
    """A treatment centre that also places the orders for its patients."""

    async def enrol(self, patient: JourneyOrder) -> Response:
        """Place the patient's order with Clew, until it is taken. The same order again changes nothing."""
        in_fhir = happens(chance_of(self.setting.seed, "fhir", patient.order), self.setting.rates.orders_in_fhir)
        how: Target = "service_request" if in_fhir else "journey"
        placing = Outgoing(f"order/{patient.order}", datetime.now(UTC), how, patient.model_dump(mode="json"))
        is_new = self.store.enrol(patient.order, patient.protocol, patient.time_lapse, placing)
        self.sender.wake()
        return JSONResponse({"order": patient.order}, status_code=201 if is_new else 200)

    def heard(self, message: Waiting, answer: dict[str, Any]) -> None:
        if message.target in ("journey", "service_request") and "coi" in answer:
            self._taken_up(JourneyOrder.model_validate(message.body), str(answer["coi"]))
        elif message.target == "event" and inner_type(message.body["type"]) == "patient.withdrawn":
            self.store.patient_left(message.coi)

    def _taken_up(self, patient: JourneyOrder, coi: str) -> None:
        self.store.know_coi(patient.order, coi)
        story = Story(
            setting=self.setting,
            key=f"patient/{patient.order}",
            coi=coi,
            order=patient.order,
            as_of=datetime.now(UTC),
            time_lapse=patient.time_lapse,
            parts=("patient", patient.order),
        )
        leaves = story.happens(story.rates.patient_withdraws)
        story.takes(durations.UNTIL_WITHDRAWAL)
        if leaves:
            story.says("patient.withdrawn", coi, reason=story.chance.choice(REASONS))
        self.store.schedule(story.key, coi, story.time_lapse, story.messages)
        self.sender.wake()

    def _add_routes(self) -> None:
        super()._add_routes()
        self.app.post("/patients")(self.enrol)


def patients(config: SimulatorConfig) -> list[JourneyOrder]:
    """The patients to enrol at the start: the same for the same seed, so that enrolling them again is harmless."""
    names, weights = zip(*sorted(config.protocols.items()), strict=True)
    chance = chance_of(config.seed, "protocols")
    return [
        JourneyOrder(
            protocol=chance.choices(names, weights)[0],
            order=f"ORD-{config.seed}-{number:05}",
            parties=config.parties,
            time_lapse=config.time_lapse,
        )
        for number in range(1, config.journeys + 1)
    ]
