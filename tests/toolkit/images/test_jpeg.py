"""Where a JPEG ends: its end marker, the one of its thumbnail, and what may follow or be missing."""

from __future__ import annotations

import numpy as np
import pytest
from image_files import JPEG_END, encode, exif, photo, with_segment

from cnnkit.errors import ImageError
from cnnkit.images import decode_image
from cnnkit.images.jpeg import SCAN, read_size, segments
from cnnkit.images.jpeg_losses import inspect
from cnnkit.images.reader import ImageBytes

NO_END = ("JPEG lacks its end marker",)
CAT = photo(117, 203)  # no multiple of a block
KINDS = {
    "baseline": encode(CAT, "JPEG"),
    "fine": encode(CAT, "JPEG", quality=98, subsampling=0),
    "optimized": encode(CAT, "JPEG", optimize=True),
    "gray": encode(CAT[..., 0], "JPEG"),
    "progressive": encode(CAT, "JPEG", progressive=True),
    "progressive-fine": encode(CAT, "JPEG", progressive=True, quality=98),
    "restarts": encode(CAT, "JPEG", restart_marker_blocks=5),
    "restarts-rows": encode(CAT, "JPEG", restart_marker_rows=1),
}
THUMBNAIL = encode(photo(30, 40), "JPEG")
kinds = pytest.mark.parametrize("jpeg", KINDS.values(), ids=KINDS.keys())


def scans(jpeg: bytes) -> list[int]:
    """Where the coded data of each scan begins."""
    return [segment.end for segment in segments(ImageBytes(jpeg, "photo", "JPEG")) if segment.marker == SCAN]


def assert_truncated(data: bytes, size: int | None = None) -> None:
    with pytest.raises(ImageError) as caught:
        decode_image(data, "photo")
    shown = len(data) if size is None else size
    assert caught.value.reason == f"truncated JPEG: data ends after {shown:,} bytes"


@kinds
@pytest.mark.parametrize(
    "tail", [b"", b"\0", b"\xff", b"\xff\xff", b"\0" * 5000], ids=["", "zero", "half", "ff-ff", "zeros"]
)
def test_a_jpeg_that_lacks_only_its_end_marker_is_decoded_with_a_warning(jpeg: bytes, tail: bytes) -> None:
    image = decode_image(jpeg[:-2] + tail, "photo")
    assert image.warnings == NO_END
    assert np.array_equal(image.pixels, decode_image(jpeg, "photo").pixels)


@kinds
@pytest.mark.parametrize("filling", [b"", b"\0" * 5000], ids=["cut", "filled-with-zeros"])
@pytest.mark.parametrize("missing", [3, 5, 12, 60, 500, 1500])
def test_a_jpeg_that_lacks_some_of_its_picture_is_refused(jpeg: bytes, missing: int, filling: bytes) -> None:
    data = jpeg[: -2 - missing]
    kept = len(data.rstrip(b"\xff")) if filling else len(data)
    with pytest.raises(ImageError) as caught:
        decode_image(data + filling, "photo")
    said = caught.value.reason.removeprefix("truncated JPEG: data ends after ").removesuffix(" bytes")
    assert kept - 20 <= int(said.replace(",", "")) <= kept


def test_a_cut_is_noticed_in_front_of_each_restart_marker() -> None:
    jpeg = KINDS["restarts"]
    markers = [at for at in range(scans(jpeg)[0], len(jpeg) - 1) if jpeg[at] == 0xFF and 0xD0 <= jpeg[at + 1] <= 0xD7]
    assert len(markers) > 8
    for at in markers:
        for length in (at, at + 1, at + 2):
            with pytest.raises(ImageError, match="truncated JPEG"):
                decode_image(jpeg[:length], "photo")


@pytest.mark.parametrize("name", ["progressive", "progressive-fine"])
def test_a_cut_is_noticed_between_scans(name: str) -> None:
    jpeg = KINDS[name]
    found = list(segments(ImageBytes(jpeg, "photo", "JPEG")))
    starts = [jpeg.rfind(b"\xff", 0, segment.start - 2) for segment in found if segment.marker == SCAN]
    assert len(starts) > 5
    for start in starts[1:]:
        assert_truncated(jpeg[:start])


def test_a_flat_picture_is_whole_without_its_end_marker() -> None:
    for value in (0, 128, 255):
        jpeg = encode(np.full((64, 96, 3), value, np.uint8), "JPEG")
        assert decode_image(jpeg[:-2], "photo").warnings == NO_END
        assert_truncated(jpeg[:-12])


@pytest.mark.parametrize("behind", [b"", b"maker's note" * 9], ids=["last-in-its-segment", "not-last"])
@pytest.mark.parametrize("name", ["baseline", "progressive"])
def test_the_end_marker_of_a_thumbnail_does_not_count(name: str, behind: bytes) -> None:
    jpeg = with_segment(KINDS[name], 0xE1, b"Exif\0\0" + exif(1) + THUMBNAIL + behind)
    thumbnail_end = jpeg.index(THUMBNAIL) + len(THUMBNAIL)
    assert jpeg[:thumbnail_end].endswith(JPEG_END)
    assert decode_image(jpeg, "photo").warnings == ()
    assert decode_image(jpeg[:-2], "photo").warnings == NO_END
    assert_truncated(jpeg[:thumbnail_end])
    assert_truncated(jpeg[:thumbnail_end] + bytes(64))
    assert_truncated(jpeg[: thumbnail_end - 2])
    assert_truncated(jpeg[: thumbnail_end + 300])
    assert_truncated(jpeg[:-300])


@kinds
@pytest.mark.parametrize(
    "trailer",
    [b"\r\n", b"\0" * 100, b"SEFH trailer of a telephone", THUMBNAIL, THUMBNAIL[:300], b"\xff" * 9, b"\xff\xd8"],
    ids=["newline", "zeros", "text", "second", "second-cut", "ff", "start-marker"],
)
def test_what_follows_the_end_marker_does_not_matter(jpeg: bytes, trailer: bytes) -> None:
    image = decode_image(jpeg + trailer, "photo")
    assert image.warnings == ()
    assert np.array_equal(image.pixels, decode_image(jpeg, "photo").pixels)


def test_an_end_marker_inside_a_table_of_a_later_scan_does_not_count() -> None:
    jpeg = KINDS["progressive"]
    comment_at = jpeg.index(b"\xff\xc4", scans(jpeg)[0])
    marked = jpeg[:comment_at] + b"\xff\xfe\x00\x06\xff\xd9\xff\xd9" + jpeg[comment_at:]
    assert decode_image(marked, "photo").warnings == ()
    assert decode_image(marked[:-2] + b"text", "photo").warnings == NO_END
    assert_truncated(marked[: comment_at + 200])


def test_bytes_between_segments_and_repeated_ff_are_skipped() -> None:
    jpeg = KINDS["baseline"]
    loose = jpeg[:2] + b"\xff\xff" + jpeg[2:]
    assert np.array_equal(decode_image(loose, "photo").pixels, decode_image(jpeg, "photo").pixels)


def test_the_codec_stays_silent_about_a_missing_end(capfd: pytest.CaptureFixture[str]) -> None:
    decode_image(KINDS["baseline"][:-2], "photo")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("between", [KINDS["baseline"], THUMBNAIL], ids=["like it", "another"])
@kinds
def test_a_head_is_read_rightly_whatever_was_read_before(jpeg: bytes, between: bytes) -> None:
    for data, size, lacks_end in ((between, None, False), (jpeg, (203, 117), False), (jpeg[:-2], (203, 117), True)):
        file = ImageBytes(data, "photo", "JPEG")
        assert inspect(file).lacks_end == lacks_end
        assert size in (None, read_size(file))
    cut = ImageBytes(jpeg[: scans(jpeg)[0] - 1], "photo", "JPEG")
    with pytest.raises(ImageError, match="truncated JPEG"):
        inspect(cut)
