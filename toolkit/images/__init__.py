"""Image files: their headers, their completeness, their pixels."""

from cnnkit.images.decode import DEFAULT_MAX_PIXELS, DecodedImage, decode_image
from cnnkit.images.files import IMAGE_SUFFIXES, read_bytes, read_image

__all__ = ["DEFAULT_MAX_PIXELS", "IMAGE_SUFFIXES", "DecodedImage", "decode_image", "read_bytes", "read_image"]
