"""Reading labels back, by another hand than the one that drew them: libdmtx for the symbol, biip for what it says."""

import ctypes
import io
import re
from collections.abc import Iterator
from typing import Any

import biip
import numpy as np
import pypdfium2
import resvg_py
from arbez_dmtx._libdmtx import pylibdmtx, wrapper
from PIL import Image

_GROUP_SEPARATOR = 29
_decode: Any = pylibdmtx._decode_region
_GREY = wrapper.DmtxPackOrder.DmtxPack8bppK
_GRAPHIC = re.compile(r"\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([0-9A-F]+)\^FS")


def elements_in(picture: Image.Image) -> list[tuple[str, str]]:
    """What the one GS1 DataMatrix in a picture says: application identifiers with their values, in order."""
    message = biip.parse("]d2" + read_symbol(picture)).gs1_message
    assert message is not None
    return [(each.ai.ai, each.value) for each in message.element_strings]


def read_symbol(picture: Image.Image) -> str:
    """The text of the one DataMatrix in a picture, with FNC1 as the group separator."""
    grey = picture.convert("L")
    # Named, because the decoder looks at these bytes as long as it looks.
    pixels = ctypes.create_string_buffer(grey.tobytes())
    with (
        pylibdmtx._image(ctypes.cast(pixels, wrapper.c_ubyte_p), *grey.size, _GREY) as image,
        pylibdmtx._decoder(image, 1) as decoder,
    ):
        # Without being told what FNC1 is, libdmtx loses its place after one in C40.
        wrapper.dmtxDecodeSetProp(decoder, wrapper.DmtxProperty.DmtxPropFnc1, _GROUP_SEPARATOR)
        text: str = next(_messages(decoder)).decode()
    assert text.startswith(chr(_GROUP_SEPARATOR)), "it is not of GS1: it begins without FNC1"
    return text[1:]


def _messages(decoder: Any) -> Iterator[bytes]:
    """Whatever can be read in the places that look like a symbol."""
    while True:
        with pylibdmtx._region(decoder, None) as region:
            assert region, "there is no symbol in the picture that can be read"
            found: Any = _decode(decoder, region, -1, 1)
            if found is not None:
                yield found.data


def pages_of(document: bytes, dpi: int = 300) -> list[Image.Image]:
    """The pages of a PDF, as they would be printed."""
    return [page.render(scale=dpi / 72).to_pil() for page in pypdfium2.PdfDocument(document)]


def text_of(document: bytes) -> str:
    """The text of a PDF, as another program finds it."""
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(document))


def picture_of(svg: str, dpi: int = 300) -> Image.Image:
    """An SVG, as it would be printed."""
    png = resvg_py.svg_to_bytes(svg_string=svg, dpi=dpi, background="#ffffff")
    return Image.open(io.BytesIO(bytes(png)))


def graphics_of(zpl: str) -> list[Image.Image]:
    """The graphic fields of ZPL as dots, each with white around it; nothing is scaled."""
    pictures = []
    for _x, _y, total, same, wide, digits in _GRAPHIC.findall(zpl):
        dots = bytes.fromhex(digits)
        assert int(total) == int(same) == len(dots)
        rows = np.unpackbits(np.frombuffer(dots, np.uint8).reshape(-1, int(wide)), axis=1)
        pictures.append(Image.fromarray(((1 - np.pad(rows, 16)) * 255).astype(np.uint8)))
    return pictures
