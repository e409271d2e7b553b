from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress

import pytest
from image_files import damaged_jpeg, encode, photo

from cnnkit.errors import ImageError
from cnnkit.images import codec_messages, decode_image
from cnnkit.images.codec_messages import decode_heard, decoding_unheard, listening_to_codecs

pytestmark = pytest.mark.skipif(not hasattr(os, "pread"), reason="nothing is listened to here")
GOOD = encode(photo(200, 300), "JPEG", quality=95)
HURT = damaged_jpeg(200, 300)


def listened() -> AbstractContextManager[None]:
    return listening_to_codecs()


@pytest.mark.parametrize("listening", [nullcontext, listened], ids=["each", "block"])
def test_damage_is_said_of_the_image_it_is_in(listening, capfd):
    with listening():
        images = [decode_image(data, "x") for data in (GOOD, HURT, GOOD)]
    assert [image.damage is not None for image in images] == [False, True, False]
    assert images[1].damage.startswith("damaged JPEG: ") and "Corrupt" not in images[1].damage
    assert [image.warnings for image in images] == [(), (), ()]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("listening", [nullcontext, listened], ids=["each", "block"])
def test_many_threads_hear_their_own_lines_alone(listening, capfd):
    files = [HURT if index % 7 == 0 else GOOD for index in range(140)]
    with listening(), ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda data: decode_image(data, "x"), files))
    assert [image.damage is not None for image in images] == [index % 7 == 0 for index in range(140)]
    assert capfd.readouterr().err == ""


def test_cut_files_are_not_heard_by_those_who_decode_beside_them():
    def damage_of(data: bytes) -> str | None:
        with suppress(ImageError):  # of the cut ones
            return decode_image(data, "x").damage
        return None

    files = [GOOD[: len(GOOD) // 2] if index % 2 else GOOD for index in range(1000)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(damage_of, files)) == {None}


def test_damage_is_heard_beside_a_missing_end_too(capfd):
    cut = HURT[:-2]
    image = decode_image(cut, "x")
    assert image.warnings == ("JPEG lacks its end marker",) and image.damage.startswith("damaged JPEG: ")
    assert decode_image(GOOD[:-2], "x").damage is None
    assert capfd.readouterr().err == ""


def test_what_others_print_meanwhile_reaches_stderr(capfd):
    def decode() -> None:
        os.write(2, b"\rreading 12 %")  # a progress bar
        os.write(2, b"Corrupt JPEG data: 5 extraneous bytes before marker 0xd9\n")
        os.write(2, b"somebody else: Invalid argument\n")

    _, lines = decode_heard(decode)
    assert lines == (
        "reading 12 %",
        "Corrupt JPEG data: 5 extraneous bytes before marker 0xd9",
        "somebody else: Invalid argument",
    )
    assert capfd.readouterr().err == "\rreading 12 %somebody else: Invalid argument\n" * 2  # it was decoded twice


def test_what_several_threads_print_at_once_is_whole(capfd):
    heard = threading.Event()

    def talk() -> int:
        lines = 0
        while not heard.wait(0.0002):
            lines += os.write(2, b"somebody else\n") > 0
        return lines

    def hear(index: int) -> bool:
        return (decode_image(HURT if index % 2 else GOOD, "x").damage is not None) == (index % 2 > 0)

    with ThreadPoolExecutor(6) as pool:
        talking = [pool.submit(talk) for _ in range(2)]
        right = list(pool.map(hear, range(1000)))
        heard.set()
    assert all(right)
    assert capfd.readouterr().err == "somebody else\n" * sum(each.result() for each in talking)


def test_the_file_is_emptied_now_and_then(monkeypatch):
    monkeypatch.setattr(codec_messages, "_MOST_BYTES", 100)
    with listening_to_codecs():
        for _ in range(20):
            _, lines = decode_heard(lambda: os.write(2, b"a line of 40 bytes, again and again here\n"))
            assert lines == ("a line of 40 bytes, again and again here",)
        assert os.fstat(2).st_size <= 100 + 2 * 41


def test_codecs_are_quiet_inside_a_block_and_others_are_not(capfd):
    os.write(2, b"before ")
    with decoding_unheard():
        os.write(2, b"Premature end of JPEG file\n")
        os.write(2, b"inside ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before inside after"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stderr + done.stdout


def test_pythons_own_messages_reach_stderr_and_everything_is_put_back():
    code = (
        "import os, sys\n"
        "from cnnkit.images.codec_messages import listening_to_codecs\n"
        "with listening_to_codecs():\n"
        "    os.write(2, b'Corrupt JPEG data: codec\\n'); print('python', file=sys.stderr); os.write(2, b'other\\n')\n"
        "os.write(2, b'afterwards\\n')\n"
        "raise SystemExit('the end')\n"
    )
    assert run(code) == "python\nother\nafterwards\nthe end\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_process_forked_while_somebody_decodes_has_its_stderr_and_hears():
    code = (
        "import os\n"
        "from cnnkit.images.codec_messages import decode_heard\n"
        "def decode():\n"
        "    if os.fork() == 0:\n"
        "        os.write(2, b'child\\n')\n"
        "        print(decode_heard(lambda: os.write(2, b'Premature end of JPEG file\\n'))[1], flush=True)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "decode_heard(decode)\n"
    )
    assert run(code) == "child\n('Premature end of JPEG file',)\n"


def test_a_process_without_stderr():
    code = (
        "import os; os.close(2)\n"
        "from cnnkit.images.codec_messages import listening_to_codecs\n"
        "with listening_to_codecs(): print('done')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n"
