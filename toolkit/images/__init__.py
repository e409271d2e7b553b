"""Image files to pixels, and pixels to a model's input: headers, completeness, orientation, resizing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.images.codec_messages import listening_to_codecs as listening_to_codecs
    from cnnkit.images.decode import (
        DEFAULT_MAX_PIXELS as DEFAULT_MAX_PIXELS,
        DecodedImage as DecodedImage,
        decode_image as decode_image,
    )
    from cnnkit.images.files import (
        IMAGE_SUFFIXES as IMAGE_SUFFIXES,
        is_image_file as is_image_file,
        is_listed as is_listed,
        read_bytes as read_bytes,
        read_image as read_image,
        read_size as read_size,
    )
    from cnnkit.images.formats import HEAD_BYTES as HEAD_BYTES
    from cnnkit.images.framing import Placement as Placement, Window as Window, place_image as place_image
    from cnnkit.images.likeness import HASH_WORDS as HASH_WORDS, perceptual_hash as perceptual_hash
    from cnnkit.images.likeness_search import find_groups as find_groups, find_partners as find_partners
    from cnnkit.images.preprocess import (
        prepare_batch as prepare_batch,
        resize_image as resize_image,
    )
    from cnnkit.images.salvaging import salvage_image as salvage_image
else:
    __getattr__ = hand_on(
        __name__,
        {
            "codec_messages": ("listening_to_codecs",),
            "decode": ("DEFAULT_MAX_PIXELS", "DecodedImage", "decode_image"),
            "files": ("IMAGE_SUFFIXES", "is_image_file", "is_listed", "read_bytes", "read_image", "read_size"),
            "formats": ("HEAD_BYTES",),
            "framing": ("Placement", "Window", "place_image"),
            "likeness": ("HASH_WORDS", "perceptual_hash"),
            "likeness_search": ("find_groups", "find_partners"),
            "preprocess": ("prepare_batch", "resize_image"),
            "salvaging": ("salvage_image",),
        },
    )
