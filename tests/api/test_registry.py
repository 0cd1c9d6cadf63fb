"""Protocols are published once and never change; partners can move."""

from typing import Any

import pytest

from tests.api.clinic import PROTOCOL, Clinic

DOCUMENT: dict[str, Any] = {
    "protocol": "collection-only",
    "version": 1,
    "title": "A collection",
    "stages": [{"id": "enrolment", "kind": "enrolment", "evidence": ["consent"], "due": "5d"}],
}


async def test_a_protocol_is_published_once(ward: Clinic) -> None:
    first = await ward.http.post("/v1/protocols", json=DOCUMENT)
    again = await ward.http.post("/v1/protocols", json=DOCUMENT)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (await ward.http.get(first.headers["location"])).json() == first.json()


async def test_a_published_version_never_changes(ward: Clinic) -> None:
    await ward.http.post("/v1/protocols", json=DOCUMENT)
    answer = await ward.http.post("/v1/protocols", json={**DOCUMENT, "title": "Another"})
    assert (answer.status_code, answer.json()["code"]) == (409, "protocol_exists")


async def test_the_newest_version_is_the_one_without_a_number(ward: Clinic) -> None:
    for version in (1, 10, 2):
        await ward.http.post("/v1/protocols", json={**DOCUMENT, "version": version})
    assert (await ward.http.get("/v1/protocols/collection-only")).json()["version"] == 10
    listed = (await ward.http.get("/v1/protocols", params={"limit": 3})).json()
    rest = (await ward.http.get("/v1/protocols", params={"cursor": listed["next"]})).json()
    versions = [(each["name"], each["version"]) for each in listed["items"] + rest["items"]]
    assert versions == [
        ("autologous-car-t", 1),
        ("collection-only", 1),
        ("collection-only", 2),
        ("collection-only", 10),
    ]


async def test_yaml_and_json_are_the_same_protocol(desk: Clinic) -> None:
    import yaml

    answer = await desk.http.post("/v1/protocols", json=yaml.safe_load(PROTOCOL.read_text()))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"stages": []}, "/stages"),
        ({"stages": [{"id": "x", "kind": "dance", "due": "1d"}]}, "/stages/0/kind"),
        ({"version": 0}, "/version"),
        ({"version": 2**31}, "/version"),
        ({"title": ""}, "/title"),
        ({"patient": "x"}, "/patient"),
        ({"stages": [{**DOCUMENT["stages"][0], "due": "9" * 30 + "d"}]}, "/stages/0/due"),
    ],
)
async def test_a_flawed_document_is_refused_with_a_path_to_the_flaw(
    desk: Clinic, changes: dict[str, Any], place: str
) -> None:
    answer = await desk.http.post("/v1/protocols", json=DOCUMENT | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "protocol_invalid")
    assert place in [each["pointer"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [b"a: [", b"\xff", b"", b"- 1", b"&a [*a]", b"[" * 5_000, b"version: 2020-01-01", b"!!python/name:os.system"],
)
async def test_what_is_no_document_is_refused_and_never_a_defect(desk: Clinic, body: bytes) -> None:
    answer = await desk.http.post("/v1/protocols", content=body, headers={"content-type": "application/yaml"})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", ["nobody", "autologous-car-t/7"])
async def test_an_unknown_protocol_is_not_found(ward: Clinic, path: str) -> None:
    answer = await ward.http.get(f"/v1/protocols/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_protocol")


async def test_a_partner_can_move(ward: Clinic) -> None:
    for url in ("http://one.example/clew/", "https://two.example:8443/x"):
        answer = await ward.http.put("/v1/partners/coldline", json={"url": url})
        assert answer.status_code == 200
    assert (await ward.http.get("/v1/partners/coldline")).json()["url"] == "https://two.example:8443/x"
    page = (await ward.http.get("/v1/partners", params={"limit": 2})).json()
    rest = (await ward.http.get("/v1/partners", params={"cursor": page["next"]})).json()
    names = [each["name"] for each in page["items"] + rest["items"]]
    assert names == sorted(names) and len(names) == 5


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://a b", "javascript:alert(1)", "http://x\x00", 5])
async def test_an_address_that_is_none_is_refused(desk: Clinic, url: Any) -> None:
    answer = await desk.http.put("/v1/partners/coldline", json={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_an_unknown_partner_is_not_found(desk: Clinic) -> None:
    answer = await desk.http.get("/v1/partners/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_partner")
