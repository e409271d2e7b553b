from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from image_files import encode, photo

from cnnkit.images import codec_messages, decode_image
from cnnkit.images.codec_messages import decode_heard, listening_to_codecs

pytestmark = pytest.mark.skipif(not hasattr(os, "pread"), reason="nothing is listened to here")
GOOD = encode(photo(200, 300), "JPEG", quality=95)


def damaged() -> bytes:
    data = bytearray(GOOD)
    data[len(data) // 2 : len(data) // 2 + 60] = b"\x5a" * 60
    return bytes(data)


def test_damage_is_a_warning_of_the_image_it_is_in(capfd):
    with listening_to_codecs():
        images = [decode_image(data, "x") for data in (GOOD, damaged(), GOOD)]
    assert [bool(image.warnings) for image in images] == [False, True, False]
    assert images[1].warnings[0].startswith("damaged file: Corrupt JPEG data: ")
    assert capfd.readouterr().err == ""


def test_many_threads_hear_their_own_lines_alone():
    files = [damaged() if index % 7 == 0 else GOOD for index in range(140)]
    with listening_to_codecs(), ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda data: decode_image(data, "x"), files))
    assert [bool(image.warnings) for image in images] == [index % 7 == 0 for index in range(140)]


def test_the_file_is_emptied_now_and_then(monkeypatch):
    monkeypatch.setattr(codec_messages, "_MOST_BYTES", 100)
    with listening_to_codecs():
        for _ in range(20):
            _, lines = decode_heard(lambda: os.write(2, b"a line of 40 bytes, again and again here\n"))
            assert lines == ("a line of 40 bytes, again and again here",)
        assert os.fstat(2).st_size <= 100 + 2 * 41


def test_without_a_listener_nothing_is_heard(capfd):
    assert decode_heard(lambda: os.write(2, b"line\n")) == (5, ())
    assert capfd.readouterr().err == "line\n"


def test_pythons_own_messages_reach_stderr_and_everything_is_put_back():
    code = (
        "import os, sys\n"
        "from cnnkit.images.codec_messages import listening_to_codecs\n"
        "with listening_to_codecs():\n"
        "    os.write(2, b'codec\\n'); print('python', file=sys.stderr)\n"
        "os.write(2, b'afterwards\\n')\n"
        "raise SystemExit('the end')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "python\nafterwards\nthe end\n"


def test_a_process_without_stderr():
    code = (
        "import os; os.close(2)\n"
        "from cnnkit.images.codec_messages import listening_to_codecs\n"
        "with listening_to_codecs(): print('done')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n"
