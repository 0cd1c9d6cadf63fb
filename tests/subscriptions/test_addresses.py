"""A URL must not make us talk to our own network: not by a number, not by a name, nor by what it means later."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from ledger.database import Database
from partners.addresses import NotAllowed, Place, find_place, is_public
from partners.webhooks import Hook, Sent, WebhookSender, open_sender
from schemas.settings import Settings
from tests.api.clinic import Clinic, away, clinic
from tests.subscriptions.house import SAID
from tests.subscriptions.receiver import Receiver

SECRET = "whsec_KkVbyLQfPNVnpYQ8Vd0aXiVsl3M7RrV2HxVcEg2H1bM="

NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff0e::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_of_our_own_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700::6810:84e5", "::ffff:93.184.215.14", "64:ff9b::808:808"]
)
def test_anybodys_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name service that knows these, and spells numbers as the system does."""
    known: dict[str, list[str]] = {}
    numbers = socket.getaddrinfo

    async def look_up(_loop: Any, host: str, port: int | None, **more: Any) -> list[Any]:
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port or 0)) for each in known[host]]
        return numbers(host, port, flags=socket.AI_NUMERICHOST, **more)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "intranet.example",
        "half.example",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::ffff:7f00:1]",
        "nowhere",
    ],
)
async def test_a_host_that_leads_to_us_is_not_allowed(names: dict[str, list[str]], host: str) -> None:
    names |= {"localhost": ["127.0.0.1"], "intranet.example": ["10.0.0.7"], "half.example": ["8.8.8.8", "10.0.0.7"]}
    with pytest.raises(NotAllowed):
        await find_place(f"https://{host}/hook", private_too=False)


async def test_the_place_is_the_address_that_was_looked_at(names: dict[str, list[str]]) -> None:
    names["warehouse.example"] = ["93.184.215.14"]
    found = await find_place("https://warehouse.example:8443/hook", private_too=False)
    assert found == Place("warehouse.example", "93.184.215.14")


async def test_a_name_that_means_something_else_by_now_is_not_sent_to(
    names: dict[str, list[str]], receiver: Receiver
) -> None:
    """It was public when the subscription was created."""
    receiver.secret = SECRET
    port = receiver.server.url.rpartition(":")[2]
    hook = Hook(f"http://warehouse.example:{port}/hook", [SECRET])
    names["warehouse.example"] = ["127.0.0.1"]
    async with open_sender(2, private_too=False) as sender:
        assert await sender.send(hook, "sub-1", "{}") == Sent("url_not_allowed")
    async with open_sender(2, private_too=True) as sender:
        assert (await sender.send(hook, "sub-1", "{}")).problem is None
    assert receiver.headers[0]["host"] == f"warehouse.example:{port}"
    assert len(receiver.taken) == 1


async def test_the_connection_goes_to_the_address_that_was_looked_at(names: dict[str, list[str]]) -> None:
    """Whoever connects by the name would ask again, and could be told something else."""
    names["warehouse.example"] = ["93.184.215.14"]
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await WebhookSender(http, private_too=False).send(Hook("https://warehouse.example/hook", [SECRET]), "1", "{}")
    (request,) = asked
    assert request.url == "https://93.184.215.14/hook"
    assert request.headers["host"] == "warehouse.example"
    assert request.extensions["sni_hostname"] == "warehouse.example", "the certificate would be the address's"


@pytest.fixture
async def strict(database: Database) -> Any:
    """An API that lets nobody subscribe for a private address."""
    async with clinic(database, Settings(temporal_address="127.0.0.1:1"), away) as opened:
        yield opened


@pytest.mark.parametrize("host", ["169.254.169.254", "[::1]", "intranet.example"])
async def test_a_private_url_is_refused(strict: Clinic, names: dict[str, list[str]], host: str) -> None:
    names |= {"intranet.example": ["192.168.7.7"], "warehouse.example": ["93.184.215.14"]}
    refused = await strict.http.post("/v1/subscriptions", json={"url": f"http://{host}/", **SAID})
    assert (refused.status_code, refused.json()["code"]) == (422, "url_not_allowed")
    assert refused.json()["errors"][0]["pointer"] == "/url"
    assert "192.168" not in refused.text
    created = await strict.http.post("/v1/subscriptions", json={"url": "https://warehouse.example/", **SAID})
    assert created.status_code == 201
    path = f"/v1/subscriptions/{created.json()['id']}"
    changed = await strict.http.patch(path, json={"url": f"http://{host}/", **SAID})
    assert changed.json()["code"] == "url_not_allowed"
    assert (await strict.http.get(path)).json()["url"] == "https://warehouse.example/"


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://warehouse.example/"},
        {"url": "https://user:secret@warehouse.example/"},
        {"url": "https://warehouse.example/#part"},
        {"url": "https://warehouse.example/", "types": ["Ana"]},
        {"url": "https://warehouse.example/", "after": -1},
        {"url": "https://warehouse.example/", "after": 9},
        {"url": "https://warehouse.example/", "by": "Ana B"},
        {},
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused_with_a_pointer(
    strict: Clinic, names: dict[str, list[str]], body: dict[str, Any]
) -> None:
    names["warehouse.example"] = ["93.184.215.14"]
    refused = await strict.http.post("/v1/subscriptions", json={**SAID, **body})
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed")
    assert refused.json()["errors"][0]["pointer"] in {"/url", "/types/0", "/after", "/by"}
    assert (await strict.http.get("/v1/subscriptions")).json()["items"] == []
