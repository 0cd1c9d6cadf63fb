"""Where what we send may go: a subscriber names any URL, and must not make us talk to our own network by it."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

RESOLVE_WITHIN = 5.0
"""Seconds that the name service has."""

_NAT64 = IPv6Network("64:ff9b::/96")
_LOW_32_BITS = 0xFFFFFFFF

Address = IPv4Address | IPv6Address


class NotAllowed(Exception):
    """The URL leads to an address that nothing may be sent to, or to none. Its text names no address."""


@dataclass(frozen=True, slots=True)
class Place:
    """An address that was looked at, and the name under which it was asked for."""

    host: str
    address: str


async def find_place(url: str, *, private_too: bool) -> Place:
    """Resolve the host of a URL. Raises `NotAllowed` unless all its addresses are public, or private ones may be.

    Whoever sends must connect to this very address: the name could lead elsewhere a moment later.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = parts.port
        addresses = _as_written(host) or await _looked_up(host, port)
    except (OSError, TimeoutError, UnicodeError, ValueError):
        raise NotAllowed("the URL's host has no address") from None
    if not addresses or not (private_too or all(is_public(each) for each in addresses)):
        raise NotAllowed("the URL's host has an address that is not public")
    return Place(host, str(addresses[0]))


def _as_written(host: str) -> list[Address]:
    """A host that is an address already needs no name service, which may be slow or away."""
    try:
        return [ip_address(host)]
    except ValueError:
        return []


async def _looked_up(host: str, port: int | None) -> list[Address]:
    async with asyncio.timeout(RESOLVE_WITHIN):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(each[4][0])) for each in found]


def is_public(address: Address) -> bool:
    """Whether an address is anybody's on the internet: not this machine, its network, its cloud's services."""
    inner = _carried_by(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return is_public(inner)
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or site_local)


def _carried_by(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at: mapped, compatible, 6to4, Teredo's client, NAT64."""
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & _LOW_32_BITS)
    return address.ipv4_mapped or address.sixtofour


_COMPATIBLE = IPv6Network("::/96")
