"""The therapy protocols that come with Clew."""

from importlib import resources
from typing import Any

from cli.client import Api
from schemas.protocols import Protocol, read_protocol_yaml


def shipped_protocols() -> list[Protocol]:
    """Those in the package `protocols`."""
    folder = resources.files("protocols")
    documents = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return [read_protocol_yaml(each.read_text(encoding="utf-8")) for each in documents]


def publish_protocol(api: Api, protocol: Protocol) -> Any:
    """Publish one; harmless if it is published already with the same content."""
    return api.post("/v1/protocols", protocol.model_dump(mode="json", by_alias=True, exclude_none=True))


def publish_shipped(api: Api) -> None:
    for protocol in shipped_protocols():
        publish_protocol(api, protocol)
