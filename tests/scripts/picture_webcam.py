"""Takes the README's picture: the window of `cnnkit webcam` over a film of the example photo, on a virtual display.

    python tests/scripts/picture_webcam.py toolkit/examples/webcam.png

Needs Debian's packages xvfb, xdotool and imagemagick.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

PHOTO = Path(__file__).parents[2] / "toolkit" / "examples" / "cat.jpg"
FRAMES, FRAMES_PER_S = 300, 30
SIZE = (640, 480)  # width, height in pixels
DISPLAY = ":97"
TOOLS = ("Xvfb", "import", "xdotool")


def write_film(path: Path) -> None:
    """Writes a film in which a camera comes slowly closer to the photo."""
    photo = cv2.imread(os.fspath(PHOTO))
    height, width = photo.shape[:2]
    film = cv2.VideoWriter(os.fspath(path), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_S, SIZE)
    for index in range(FRAMES):
        rows = round(height * (1 - 0.15 * index / FRAMES))
        columns = min(width, round(rows * SIZE[0] / SIZE[1]))
        top, left = (height - rows) // 2, (width - columns) // 2
        film.write(cv2.resize(photo[top : top + rows, left : left + columns], SIZE, interpolation=cv2.INTER_AREA))
    film.release()


@contextlib.contextmanager
def virtual_display() -> Iterator[dict[str, str]]:
    """Runs Xvfb, and gives the environment of programs that shall use it."""
    server = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "800x600x24"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        yield {**os.environ, "DISPLAY": DISPLAY, "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait()


def take_picture(film: Path, picture: Path, after_s: float) -> None:
    """Opens the window, waits for the label to settle, takes the window's picture, and quits with q."""
    cnnkit = Path(sys.executable).with_name("cnnkit")
    with virtual_display() as environment:
        webcam = subprocess.Popen([cnnkit, "webcam", "--source", film], env=environment)
        time.sleep(after_s)
        window = subprocess.check_output(["xdotool", "search", "--name", "cnnkit"], env=environment, text=True).split()
        subprocess.run(["import", "-window", window[-1], picture], env=environment, check=True)
        subprocess.run(["xdotool", "key", "--window", window[-1], "q"], env=environment, check=True)
        if webcam.wait(10):
            sys.exit(f"cnnkit webcam ended with {webcam.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--after", type=float, default=5.0, help="seconds after the start")
    options = parser.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.exit(f"{', '.join(missing)} not found: apt install xvfb xdotool imagemagick")
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        write_film(film)
        take_picture(film, options.picture, options.after)


if __name__ == "__main__":
    main()
