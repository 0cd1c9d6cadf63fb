"""The therapy protocols and connectors that come with Clew."""

from importlib import resources
from importlib.abc import Traversable
from typing import Any

from cli.client import Api
from partners.connectors.reading import read_connector
from schemas.connectors import Connector
from schemas.protocols import Protocol, read_protocol_yaml


def shipped_protocols() -> list[Protocol]:
    """Those in the package `protocols`."""
    return [read_protocol_yaml(text) for text in _documents(resources.files("protocols"))]


def shipped_connectors() -> list[Connector]:
    """Those in the package `partners.connectors.documents`."""
    return [read_connector(text) for text in _documents(resources.files("partners.connectors.documents"))]


def publish_protocol(api: Api, protocol: Protocol) -> Any:
    """Publish one; harmless if it is published already with the same content."""
    return api.post("/v1/protocols", protocol.model_dump(mode="json", by_alias=True, exclude_none=True))


def publish_shipped(api: Api) -> None:
    for protocol in shipped_protocols():
        publish_protocol(api, protocol)


def _documents(folder: Traversable) -> list[str]:
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return [each.read_text(encoding="utf-8") for each in found]
