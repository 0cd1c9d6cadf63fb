"""Partners that speak forms of their own, as their systems send."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import httpx

from tests.api.clinic import Clinic

DOCUMENTS = Path(__file__).parents[2] / "partners" / "connectors" / "documents"
SHIPPED = sorted(path.stem for path in DOCUMENTS.glob("*.yaml"))
SECRET = "c2VjcmV0LW9mLXRoZS1wYXJ0bmVy"

Headers = dict[str, str]


def sample(name: str) -> Any:
    """The shipped message of a shipped connector."""
    return json.loads((DOCUMENTS / f"{name}.sample.json").read_text(encoding="utf-8"))


def signed(name: str, body: bytes, secret: str = SECRET, at: datetime | None = None) -> Headers:
    """The headers with which that partner's system proves who it is."""
    seconds = str(int((at or datetime.now(UTC)).timestamp()))
    if name == "swiftcold":
        signature = digest(secret.encode(), seconds.encode() + b"." + body, "sha256").hex()
        return {"x-swiftcold-timestamp": seconds, "x-swiftcold-signature": f"sha256={signature}"}
    if name == "assayhub":
        from standardwebhooks import Webhook

        moment = datetime.fromtimestamp(int(seconds), UTC)
        signature = Webhook(secret).sign("msg-1", moment, body.decode())
        return {"webhook-id": "msg-1", "webhook-timestamp": seconds, "webhook-signature": signature}
    if name == "cellforge":
        return {"x-cellforge-key": secret}
    return {"x-hub-signature-256": f"sha256={digest(secret.encode(), body, sha256).hex()}"}


def keep_secrets(home: Path, held: dict[str, dict[str, list[str]]]) -> Path:
    """Write the file of secrets as an operator should."""
    path = home / "secrets.yaml"
    path.touch(mode=0o600)
    path.write_text(json.dumps(held), encoding="utf-8")
    return path


class Correspondent:
    """A partner with a connector, and the words to use it with."""

    def __init__(self, clinic: Clinic, connector: str, partner: str = "coldline") -> None:
        self.clinic, self.connector, self.partner = clinic, connector, partner

    async def joins(self, document: str | None = None) -> None:
        """Publish the connector, and register the partner with it."""
        text = document or (DOCUMENTS / f"{self.connector}.yaml").read_text(encoding="utf-8")
        published = await publish(self.clinic, text)
        assert published.status_code in (200, 201), published.text
        address = {"url": "http://partner.example", "connector": self.connector}
        registered = await self.clinic.http.put(f"/v1/partners/{self.partner}", json=address)
        assert registered.status_code == 200, registered.text

    async def sends(self, message: Any, headers: Headers | None = None) -> httpx.Response:
        """Post a message: JSON, or bytes as they are."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        proof = signed(self.connector, body) if headers is None else headers
        return await self.clinic.http.post(f"/v1/partners/{self.partner}/messages", content=body, headers=proof)

    async def messages(self, **query: str) -> list[dict[str, Any]]:
        """What is on record of what partners sent."""
        found: list[dict[str, Any]] = (await self.clinic.http.get("/v1/messages", params=query)).json()["items"]
        return found


async def publish(clinic: Clinic, text: str) -> httpx.Response:
    """Publish a connector."""
    return await clinic.http.post("/v1/connectors", params={"by": "operator-3"}, content=text)
