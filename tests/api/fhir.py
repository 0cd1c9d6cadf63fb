"""FHIR's way of asking, and records to ask about."""

from functools import cache
from typing import Any

import httpx

from schemas.facts import Fact
from standards.fhir import systems
from tests.api.clinic import PARTIES, Clinic, started
from tests.workflows.neighbours import therapy

FHIR_JSON = "application/fhir+json"
WHOLE = "ORD-ANA"
"""The order number in the record of a whole therapy."""


@cache
def whole_therapy(protocol: str = "autologous-car-t") -> tuple[Fact, ...]:
    """The facts of a therapy in which everything goes as the protocol says."""
    told = therapy(protocol).whole().journey.facts
    return (started(number=WHOLE), *(fact.model_copy(update={"seq": fact.seq + 1}) for fact in told))


async def treated(clinic: Clinic) -> str:
    """The chain-of-identity id of a patient whose therapy is on record from end to end."""
    coi = await clinic.patient(WHOLE)
    facts = whole_therapy()
    for start in range(0, len(facts), 50):
        await clinic.record(coi, *facts[start : start + 50])
    return coi


def request(number: str = "ORD-1", **changes: Any) -> dict[str, Any]:
    """A hospital's order. `changes` replace elements; None leaves one out."""
    sent = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{"system": systems.ORDER, "value": number}],
        "instantiatesCanonical": ["urn:clew:protocol:autologous-car-t"],
        "subject": {"reference": "Patient/1187"},
        "contained": [organisation(role, party) for role, party in PARTIES.items()],
        "performer": [{"reference": f"#{role.replace('_', '-')}"} for role in PARTIES],
        **changes,
    }
    return {name: value for name, value in sent.items() if value is not None}


def organisation(role: str, party: str) -> dict[str, Any]:
    """A party as an organisation in the request."""
    return {
        "resourceType": "Organization",
        "id": role.replace("_", "-"),
        "identifier": [{"system": systems.PARTY, "value": party}],
        "type": [{"coding": [{"system": systems.ROLE, "code": role}]}],
    }


async def send(clinic: Clinic, sent: Any, **headers: str) -> httpx.Response:
    """Create a ServiceRequest; a header's name is given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await clinic.http.post("/fhir/R4/ServiceRequest", json=sent, headers={"content-type": FHIR_JSON} | named)


async def put(clinic: Clinic, identity: str, sent: Any, **headers: str) -> httpx.Response:
    """Update a ServiceRequest."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/fhir/R4/ServiceRequest/{identity}"
    return await clinic.http.put(path, json=sent, headers={"content-type": FHIR_JSON} | named)


async def found(clinic: Clinic, kind: str, **query: str | list[str]) -> list[dict[str, Any]]:
    """What a search finds, page after page; `__` in a parameter's name stands for a colon, `9` for a dash."""
    given: dict[str, Any] = {name.replace("__", ":").replace("9", "-"): value for name, value in query.items()}
    answer = await clinic.http.get(f"/fhir/R4/{kind}", params=given)
    resources: list[dict[str, Any]] = []
    while True:
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        resources += [each["resource"] for each in bundle.get("entry", ()) if each["search"]["mode"] == "match"]
        following = [each["url"] for each in bundle["link"] if each["relation"] == "next"]
        if not following:
            return resources
        answer = await clinic.http.get(following[0])


def code(answer: httpx.Response) -> str:
    """The stable code of a refusal."""
    return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])


def places(answer: httpx.Response) -> list[str]:
    """Where a refusal says that something is wrong."""
    return [place for each in answer.json()["issue"] for place in each.get("expression", ())]
