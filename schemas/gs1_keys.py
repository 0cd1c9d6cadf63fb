"""GS1's keys as identifiers: service relations (GSRN), trade items with a serial (SGTIN), logistic units (SSCC).

A key is kept as the element string that a scanner gives: `8018` and a GSRN, `01` GTIN `21` serial, `00` and an SSCC; so
a number of one kind is never taken for one of another. EPC pure identity URNs and Digital Link URIs spell the same keys
in other ways.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

from schemas.check_characters import Misread, ends_in_mod_10, mod_10

GTIN_LENGTHS = (8, 12, 13, 14)
SERIAL = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_LINK = re.compile(r"https?://[^?#]+?/(?:01/(\d{14})/21/([^/?#]+)|(00|801[78])/(\d{18}))(?:[?#].*)?")
_URN = re.compile(r"urn:epc:id:(sgtin|sscc|gsrnp?):(\d{6,12})\.(\d{1,11})(?:\.(.+))?")


def gtin(text: str) -> str:
    """A trade item number of 8, 12, 13 or 14 digits, in 14. Raises `Misread`."""
    return ends_in_mod_10(text, *GTIN_LENGTHS).zfill(14)


def gln(text: str) -> str:
    """A location or party. Raises `Misread`."""
    return ends_in_mod_10(text, 13)


def gsrn_key(text: str) -> str:
    """A service relation: bare, after its application identifier 8018 or 8017, or as URN. Raises `Misread`."""
    text = element_string(text)
    ai = text[:4] if len(text) == 22 and text[:4] in ("8017", "8018") else "8018"
    return ai + ends_in_mod_10(text.removeprefix(ai) if len(text) == 22 else text, 18)


def sscc_key(text: str) -> str:
    """A logistic unit: bare, after its application identifier 00, or as URN. Raises `Misread`."""
    text = element_string(text)
    return "00" + ends_in_mod_10(text[2:] if len(text) == 20 and text.startswith("00") else text, 18)


def sgtin_key(text: str) -> str:
    """A trade item and its serial: `01`, 14 digits, `21`, serial; or as URN. Raises `Misread`."""
    text = element_string(text)
    if not (text.startswith("01") and text[16:18] == "21"):
        raise Misread(
            "wrong_form", "it should be 01, 14 digits, 21 and a serial, or a URN that begins urn:epc:id:sgtin:"
        )
    if not SERIAL.fullmatch(text[18:]):
        raise Misread("wrong_form", "the serial should be 1 to 20 characters of GS1's set")
    return f"01{ends_in_mod_10(text[2:16], 14)}21{text[18:]}"


def bare(key: str) -> str:
    """The digits of a key that are enough within one kind: those of an SSCC or GSRN."""
    return key if key.startswith("01") else key[-18:]


def element_string(text: str) -> str:
    """The key that an EPC pure identity URN or a Digital Link URI names; any other text as it is."""
    link = _LINK.fullmatch(text)
    if link is not None:
        return f"01{link[1]}21{unquote(link[2])}" if link[1] else f"{link[3]}{link[4]}"
    found = _URN.fullmatch(text)
    if found is None:
        return text
    kind, company, reference, serial = found.groups()
    shapes: dict[str, tuple[int, bool, Callable[[], str]]] = {
        "sgtin": (13, True, lambda: f"01{_digit(reference[0] + company + reference[1:])}21{unquote(serial)}"),
        "sscc": (17, False, lambda: f"00{_digit(reference[0] + company + reference[1:])}"),
        "gsrn": (17, False, lambda: f"8018{_digit(company + reference)}"),
        "gsrnp": (17, False, lambda: f"8017{_digit(company + reference)}"),
    }
    length, with_serial, key = shapes[kind]
    if len(company + reference) != length or (serial is not None) != with_serial:
        return text
    return key()


def _digit(digits: str) -> str:
    return digits + mod_10(digits)
