"""Ports: found where nobody cares which, checked before anything is started where somebody does."""

import asyncio
import random
import socket
import time

from schemas.errors import Unavailable
from schemas.settings import Settings

LOOPBACK = "127.0.0.1"
PARTNER_PORTS = 5
_ATTEMPTS = 50
_OURS = range(20_000, 32_000)
_POLL = 0.2

_NEEDED = (
    ("temporal_port", "the embedded Temporal server"),
    ("temporal_ui_port", "the Temporal Web UI"),
    ("api_port", "the API"),
    ("worker_metrics_port", "the worker's metrics"),
)


def with_ports(settings: Settings) -> Settings:
    """The same settings with a free port wherever 0 stands."""
    names = [name for name, _ in _NEEDED if getattr(settings, name) == 0]
    chosen = dict(zip(names, free_ports(len(names)), strict=True))
    if settings.partners_port == 0:
        chosen["partners_port"] = _free_run(PARTNER_PORTS)
    return settings.model_copy(update=chosen)


async def check_ports(settings: Settings, *, partners: bool, patience: float = 0) -> None:
    """Raises `Unavailable` (`port_in_use`) that names the port and the setting that moves it.

    `patience`: seconds that whoever holds a port has to let go of it.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _check_all(settings, partners=partners)
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(_POLL)


def _check_all(settings: Settings, *, partners: bool) -> None:
    embedded = settings.temporal_address is None
    for name, what in _NEEDED:
        if name.startswith("temporal") and not embedded:
            continue
        host = settings.api_host if name in {"api_port", "worker_metrics_port"} else LOOPBACK
        _check(host, getattr(settings, name), what, name)
    if partners:
        for offset in range(PARTNER_PORTS):
            _check(LOOPBACK, settings.partners_port + offset, "a simulated partner", "partners_port")


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on at this moment, from below the range that outgoing connections get theirs
    from: one of those could take a port between this look and the listening."""
    found: list[int] = []
    for port in random.sample(_OURS, len(_OURS)):
        if len(found) == count:
            break
        if _is_free(LOOPBACK, port):
            found.append(port)
    return found


def _free_run(length: int) -> int:
    """The first of `length` free ports in a row."""
    for _ in range(_ATTEMPTS):
        first = free_ports(1)[0]
        if first + length <= 65_536 and all(_is_free(LOOPBACK, first + offset) for offset in range(length)):
            return first
    raise Unavailable("port_in_use", f"No {length} free ports in a row were found.")


def _check(host: str, port: int, what: str, setting: str) -> None:
    if not _is_free(host, port):
        raise Unavailable(
            "port_in_use",
            f"Port {port}, for {what}, is in use by another process; stop that, or set CLEW_{setting.upper()}.",
        )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
