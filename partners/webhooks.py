"""One webhook: signed as Standard Webhooks says, to an address that was looked at, and what came of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from partners.addresses import NotAllowed, find_place
from partners.client import retry_after

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver: `secrets` sign, the newest first."""

    url: str
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it. `problem`: a code, None if it was taken. `pause`: seconds that the receiver asked to wait."""

    problem: str | None = None
    status: int | None = None
    pause: float | None = None

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing more (RFC 9110, 15.5.11)."""
        return self.status == httpx.codes.GONE


class WebhookSender:
    """Sends to one receiver, over connections of its own: another's could be to the same address under another name."""

    def __init__(self, http: httpx.AsyncClient, *, private_too: bool) -> None:
        self._http = http
        self._private_too = private_too

    async def send(self, hook: Hook, message_id: str, body: str) -> Sent:
        """Never raises for what a receiver, a network or a name service can do. Follows no redirect."""
        try:
            request = await self._request(hook, message_id, body)
            # Only the head is read: what a receiver says is of no use, and could be endless.
            answer = await self._http.send(request, stream=True)
            await answer.aclose()
        except NotAllowed:
            return Sent("url_not_allowed")
        except httpx.TimeoutException:
            return Sent("timed_out")
        except (httpx.HTTPError, httpx.InvalidURL):
            return Sent("not_reached")
        if answer.is_success:
            return Sent(status=answer.status_code)
        wish = retry_after(answer.headers.get("Retry-After"))
        return Sent("not_taken", answer.status_code, None if wish is None else wish.total_seconds())

    async def _request(self, hook: Hook, message_id: str, body: str) -> httpx.Request:
        place = await find_place(hook.url, private_too=self._private_too)
        url = httpx.URL(hook.url)
        return self._http.build_request(
            "POST",
            url.copy_with(host=place.address),
            content=body.encode(),
            headers={"Host": url.netloc.decode(), "Content-Type": CONTENT_TYPE, **_signed(hook, message_id, body)},
            # The certificate must be the name's, not the address's.
            extensions={"sni_hostname": place.host},
        )


@asynccontextmanager
async def open_sender(timeout: float, *, private_too: bool) -> AsyncIterator[WebhookSender]:
    """A sender for as long as the block lasts. No proxy: it would connect to whatever the name means to it."""
    async with httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False) as http:
        yield WebhookSender(http, private_too=private_too)


def _signed(hook: Hook, message_id: str, body: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signatures = (Webhook(secret).sign(message_id, now, body) for secret in hook.secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
