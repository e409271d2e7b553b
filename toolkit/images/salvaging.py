"""What is left of a file that is cut or corrupt: its pixels as far as a decoder has them, for those who ask for it.

Each format is given what its decoder misses, an end mostly, and decoded once more; what was lost comes out black, gray,
or white.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from cnnkit.errors import ImageError
from cnnkit.images import jpeg, png
from cnnkit.images.codec_messages import decoding_unheard
from cnnkit.images.decode import DEFAULT_MAX_PIXELS, DecodedImage, check_size, decode_pixels
from cnnkit.images.formats import identify
from cnnkit.images.reader import ImageBytes

_LOST = ("truncated ", "corrupt ")  # how the reasons begin of files of which something may be left
_MOST_FILLED = 2**28  # bytes
_STEP = 64  # bytes that are unpacked at once
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # of a PNG
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the colour type


def salvage_image(data: bytes, source: str, error: ImageError, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedImage:
    """Decodes what is left of an image file.

    Args:
        data: The file's bytes.
        source: What the user calls it, for errors.
        error: Why `decode_image` refused it.
        max_pixels: The most pixels to decode.

    Returns:
        The image, and as its damage what `error` says.

    Raises:
        ImageError: It is refused for another reason than damage, or nothing of it can be used.
    """
    if not error.reason.startswith(_LOST):
        raise error
    image_format = identify(data, source)
    file = ImageBytes(data, source, image_format.name, lenient=True)
    try:
        size = check_size(file, image_format, max_pixels)
        file = file._replace(data=_MENDED.get(file.format, _as_it_is)(file, size))
        with decoding_unheard():
            pixels = decode_pixels(file, image_format, image_format.inspect(file), 1).pixels
    except ImageError as again:
        raise ImageError(source, f"{error.reason}; nothing of it can be used") from again
    if pixels is None:
        raise ImageError(source, f"{error.reason}; nothing of it can be used")
    return DecodedImage(pixels, (), f"{error.reason}; what is missing was filled up")


Size = tuple[int, int]


def _as_it_is(file: ImageBytes, size: Size) -> bytes:
    return file.data


def _ended_jpeg(file: ImageBytes, size: Size) -> bytes:
    return file.data + jpeg.END


def _ended_jpeg_2000(file: ImageBytes, size: Size) -> bytes:
    return file.data + b"\xff\xd9"


def _ended_gif(file: ImageBytes, size: Size) -> bytes:
    return file.data + b"\0;"


def _filled_webp(file: ImageBytes, size: Size) -> bytes:
    return file.data.ljust(min(8 + file.number(4, 4, "little"), _MOST_FILLED), b"\0")


def _filled(file: ImageBytes, size: Size) -> bytes:
    """Fills up what is stored plainly, of up to 8 bytes a pixel."""
    return file.data.ljust(len(file.data) + min(8 * size[0] * size[1], _MOST_FILLED), b"\0")


def _filled_png(file: ImageBytes, size: Size) -> bytes:
    """Makes a PNG of what can be unpacked of the pixels, whatever the checksums say."""
    before, packed = [], []
    for kind, content in _png_chunks(file.data):
        if kind == b"IDAT":
            packed.append(content)
        elif not packed and kind not in (b"IHDR", b"acTL", b"fcTL"):
            before.append((kind, content))
    rows = _unpacked(b"".join(packed)) if packed else b""
    if not rows:
        raise file.truncated()
    rows = rows.ljust(sum(_pass_bytes(file.data, size)), b"\0")
    chunks = [(b"IHDR", file.data[16:29]), *before, (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(
        len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        for kind, content in chunks
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Gives kinds and contents, the last of which may be cut."""
    at = len(png.SIGNATURE)
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : end]
        at = end + 4


def _unpacked(packed: bytes) -> bytes:
    """Unpacks what lies in front of the damage, up to a few hundred bytes."""
    decoder, unpacked = zlib.decompressobj(), bytearray()
    try:
        for start in range(0, len(packed), _STEP):
            unpacked += decoder.decompress(packed[start : start + _STEP])
    except zlib.error:
        return bytes(unpacked)
    return bytes(unpacked + decoder.flush())


def _pass_bytes(data: bytes, size: Size) -> Iterator[int]:
    """Gives the bytes of the unpacked pixels, of each pass where there are several."""
    bits = data[24] * _SAMPLES.get(data[25], 4)
    for left, top, across, down in _PASSES if data[28] else ((0, 0, 1, 1),):
        width, height = -(-(size[0] - left) // across), -(-(size[1] - top) // down)
        if width > 0 and height > 0:
            yield height * (1 + -(-width * bits // 8))


_MENDED: dict[str, Callable[[ImageBytes, Size], bytes]] = {
    "JPEG": _ended_jpeg,
    "JPEG 2000": _ended_jpeg_2000,
    "GIF": _ended_gif,
    "WebP": _filled_webp,
    "BMP": _filled,
    "TIFF": _filled,
    "PNG": _filled_png,
}
