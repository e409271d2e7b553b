from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
import zlib

import pytest

from cnnkit.errors import ImageError
from cnnkit.sources import archive_limits, archives
from cnnkit.sources.files import SourceOptions, expand_sources

MEMBERS = {
    "b/red.png": "red", "a.png": "blue", "notes.txt": None, ".hidden.png": "red", "__MACOSX/a.png": "red",
    ".git/x.png": "red", "../up.png": "green", "broken.png": None,
}  # fmt: skip
EXPECTED = ["b/red.png", "a.png", "../up.png", "broken.png"]


@pytest.fixture
def contents(make_image):
    """Member -> bytes."""
    images = {colour: make_image(f"{colour}.png", colour).read_bytes() for colour in ("red", "green", "blue")}
    return {name: b"no image" if colour is None else images[colour] for name, colour in MEMBERS.items()}


def write_zip(path, contents):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("empty.png")
        for name, data in contents.items():
            archive.writestr(name, data)


def write_tar(path, contents):
    with tarfile.open(path, "w:" + path.suffix[1:].replace("tar", "")) as archive:
        for name, data in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        folder = tarfile.TarInfo("empty.png")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)


ARCHIVES = {
    "a.zip": write_zip,
    "a.tar": write_tar,
    "a.tar.gz": write_tar,
    "a.tar.xz": write_tar,
    "a.tar.bz2": write_tar,
}


@pytest.fixture(params=list(ARCHIVES))
def archive(request, tmp_path, contents):
    path = tmp_path / request.param
    ARCHIVES[request.param](path, contents)
    return path


def expand(path, **options):
    return list(expand_sources([str(path)], io.BytesIO(), SourceOptions(**options)))


def test_members_are_found_in_the_order_of_the_archive(archive):
    found = expand(archive)
    assert [image.member for image in found if not image.skipped] == EXPECTED
    assert [image.member for image in found if image.skipped] == ["notes.txt"]
    assert all(image.problem is None for image in found)
    assert found[0].name == f"{archive}/b/red.png"


def test_members_are_read_later_and_in_any_order(archive, contents):
    found = [image for image in expand(archive) if not image.skipped]
    assert {image.member: image.content() for image in reversed(found)} == {name: contents[name] for name in EXPECTED}
    assert found[0].decode().pixels[0, 0].tolist() == [255, 0, 0]


def test_nothing_is_unpacked(archive, tmp_path):
    before = sorted(os.listdir(tmp_path)), sorted(os.listdir(tmp_path.parent))
    for image in expand(archive):
        image.content and image.content()
    assert (sorted(os.listdir(tmp_path)), sorted(os.listdir(tmp_path.parent))) == before


def test_patterns_leave_members_out(archive):
    names = [image.member for image in expand(archive, exclude=("b/*", "broken*")) if not image.skipped]
    assert names == ["a.png", "../up.png"]


@pytest.mark.parametrize("name", list(ARCHIVES))
def test_a_damaged_archive_has_a_row(tmp_path, contents, name):
    path = tmp_path / name
    path.write_bytes(b"neither zip nor tar" * 100)
    [image] = expand(path)
    assert (image.source, image.member) == (str(path), None)
    assert image.problem.startswith("the archive cannot be read: ")


def test_a_cut_archive_gives_what_is_before_the_cut(tmp_path, contents):
    path = tmp_path / "a.tar"
    write_tar(path, contents)
    path.write_bytes(path.read_bytes()[:2000])
    found = expand(path)
    assert found[0].member == "b/red.png" and found[0].problem is None
    assert found[-1].member is None and found[-1].problem.startswith("the archive cannot be read: ")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_an_archive_without_images_and_one_that_is_missing(tmp_path, name):
    ARCHIVES[name](tmp_path / name, {"notes.txt": b"text"})
    assert expand(tmp_path / name)[-1].problem.startswith("no image in this archive: expected .apng ")
    [gone] = expand(tmp_path / f"gone-{name}")
    assert gone.problem == "no such file"


def test_links_and_devices_in_a_tar_are_not_followed(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    [image] = expand(path)
    assert image.problem == "is a link or a device within the archive, expected a file"


def test_an_encrypted_member_says_so(tmp_path, contents):
    path = tmp_path / "a.zip"
    write_zip(path, {"a.png": contents["a.png"]})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8 - 46 * 0] |= 1
    for start in (data.index(b"a.png") - 30 + 6, data.rindex(b"a.png") - 46 + 8):
        data[start] |= 1
    path.write_bytes(bytes(data))
    assert [image.problem for image in expand(path)] == ["is encrypted: unpack the archive first"]


def test_a_member_that_is_larger_than_its_header_says_is_not_held_in_memory(tmp_path, contents, monkeypatch):
    monkeypatch.setattr(archives, "MEMBER_BYTES", 50)
    path = tmp_path / "a.zip"
    write_zip(path, {"a.png": b"x" * 60})
    assert [image.problem for image in expand(path)] == ["60 bytes, more than the 50 that are read from an archive"]
    with pytest.raises(ImageError, match="more than the 50 bytes"):
        archives._read(io.BytesIO(b"x" * 51), "a.png")


def test_a_damaged_member_fails_alone(tmp_path, contents):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.png", "b/red.png"):
            archive.writestr(name, contents[name])
    data = bytearray(path.read_bytes())
    data[60] ^= 255  # in the first member: its checksum is another one now
    path.write_bytes(bytes(data))
    bad, good = expand(path)
    with pytest.raises(ImageError, match=r"a\.zip/a\.png: the archive cannot be read: Bad CRC-32"):
        bad.decode()
    assert good.decode().pixels[0, 0].tolist() == [255, 0, 0]


LIMIT = 20_000
MUCH = f"more than {LIMIT:,} bytes in all, which is much for an archive of its size: unpack it first"


@pytest.fixture
def little(monkeypatch):
    """A limit that tiny archives reach."""
    monkeypatch.setattr(archive_limits, "MEMBER_BYTES", LIMIT)
    monkeypatch.setattr(archive_limits, "_RATIO", 1)


def test_a_zip_that_unpacks_to_much_is_read_up_to_the_limit(tmp_path, little):
    path = tmp_path / "a.zip"
    write_zip(path, {f"{number}.bmp": b"x" * 6000 for number in range(5)} | {"notes.txt": b"x" * 10**6})
    found = expand(path)
    assert [image.problem for image in found] == [None, None, None, MUCH, MUCH, None]
    assert all(len(image.content()) == 6000 for image in found[:3]) and found[3].content is None


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.tar.bz2"])
def test_a_tar_that_unpacks_to_much_ends_at_the_limit(tmp_path, little, name):
    write_tar(tmp_path / name, {f"{number}.bmp": b"x" * 6000 for number in range(5)})
    *good, last = expand(tmp_path / name)
    assert len(good) in (1, 2) and all(len(image.content()) == 6000 for image in good)
    assert last.problem == f"the archive cannot be read: {MUCH}"


def test_a_sparse_tar_holds_less_than_it_unpacks_to(tmp_path, little):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.bmp")
        entry.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "100000"}
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"B"))
    assert [image.problem for image in expand(path)] == [MUCH]


def overlapping_zip(count, data):
    """Members that are all the same bytes of the file."""
    packed = zlib.compress(data, wbits=-15)
    sizes = struct.pack("<III", zlib.crc32(data), len(packed), len(data))
    local = struct.pack("<4s5H", b"PK\3\4", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 5, 0) + b"a.bmp" + packed
    central = struct.pack("<4s6H", b"PK\1\2", 20, 20, 0, 8, 0, 33) + sizes
    central = (central + struct.pack("<5HII", 5, 0, 0, 0, 0, 0, 0) + b"a.bmp") * count
    return local + central + struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, len(central), len(local), 0)


def test_members_of_a_zip_that_share_their_bytes_are_not_read(tmp_path):
    (tmp_path / "one.zip").write_bytes(overlapping_zip(1, b"BM" + bytes(1000)))
    [one] = expand(tmp_path / "one.zip")
    assert one.content() == b"BM" + bytes(1000)
    (tmp_path / "many.zip").write_bytes(overlapping_zip(300, b"BM" + bytes(1000)))
    found = expand(tmp_path / "many.zip")
    assert {image.problem for image in found} == {"shares its bytes with other members, as no archive of files does"}
    assert len(found) == 300
