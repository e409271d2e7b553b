"""A network camera that speaks RTSP over TCP: H.264 pictures that carry the time at which they were taken.

As a program it runs until it is ended: python tests/helpers/rtsp_server.py PORT [FRAMES_A_SECOND] [DEPTH]
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import deque
from fractions import Fraction

import numpy as np

SIZE = (240, 320)  # height, width
_BLOCK, _BITS = 16, 40  # a bit of the time is a block of so many pixels: 20 in a row
_ROW = SIZE[1] // _BLOCK
_MOST = 1200  # bytes of a packet
_SDP = """v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"""


def stamped(milliseconds: int, brightness: int = 200) -> np.ndarray:
    """(240, 320, 3) uint8 BGR whose two top rows of blocks are a time, the rest of one red that changes."""
    image = np.zeros((*SIZE, 3), np.uint8)
    image[..., 2] = brightness
    for bit in range(_BITS):
        row, column = divmod(bit, _ROW)
        block = image[row * _BLOCK : (row + 1) * _BLOCK, column * _BLOCK : (column + 1) * _BLOCK]
        block[:] = 255 if milliseconds >> bit & 1 else 0
    return image


def read_stamp(image: np.ndarray) -> int:
    """Reads the time back, in milliseconds."""
    middle = _BLOCK // 2
    bits = (image[bit // _ROW * _BLOCK + middle, bit % _ROW * _BLOCK + middle].mean() > 127 for bit in range(_BITS))
    return sum(1 << index for index, bit in enumerate(bits) if bit)


def now_ms() -> int:
    """The time that pictures carry: milliseconds since 1970, by their last 40 bits."""
    return time.time_ns() // 1_000_000 % 2**_BITS


class Encoder:
    """H.264, a key frame each second."""

    def __init__(self, rate_hz: int) -> None:
        import av

        self._av = av
        self.context = av.CodecContext.create("libx264", "w")
        self.context.height, self.context.width = SIZE
        self.context.pix_fmt, self.context.time_base = "yuv420p", Fraction(1, 90000)
        self.context.framerate, self.context.gop_size = Fraction(rate_hz), rate_hz
        self.context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}

    def encode(self, image: np.ndarray, pts: int) -> bytes:
        frame = self._av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = pts, Fraction(1, 90000)
        return b"".join(bytes(packet) for packet in self.context.encode(frame))


def packets(data: bytes, pts: int, number: int) -> list[bytes]:
    """RTP packets of an access unit in Annex B, numbered from `number` on."""
    units = [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")]
    payloads = []
    for unit in units:
        if len(unit) <= _MOST:
            payloads.append(unit)
            continue
        kind, rest = unit[0], unit[1:]
        for start in range(0, len(rest), _MOST):
            flags = (start == 0) << 7 | (start + _MOST >= len(rest)) << 6 | kind & 0x1F
            payloads.append(bytes((kind & 0xE0 | 28, flags)) + rest[start : start + _MOST])
    last = len(payloads) - 1
    head = [
        struct.pack("!BBHII", 0x80, (index == last) << 7 | 96, (number + index) & 0xFFFF, pts & 2**32 - 1, 7)
        for index in range(len(payloads))
    ]
    return [first + payload for first, payload in zip(head, payloads, strict=True)]


class Client(socketserver.StreamRequestHandler):
    """One who watches."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            method, wanted = line.decode().split()[:2]
            headers = self._headers()
            status, extra, body = self.server.answer(method, wanted, headers)
            text = f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\nSession: 1\r\n{extra}"
            text += f"Content-Length: {len(body)}\r\n\r\n{body}"
            self.wfile.write(text.encode())
            if method == "PLAY" and status.startswith("200"):
                threading.Thread(target=self._play, daemon=True).start()

    def _headers(self) -> dict[str, str]:
        found = {}
        while (line := self.rfile.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            found[name.lower()] = value.strip()
        return found

    def _play(self) -> None:
        with contextlib.suppress(OSError):
            self.server.play(self.connection)


class Camera(socketserver.ThreadingTCPServer):
    """Takes pictures for each who watches.

    Args:
        port: 0 takes a free one.
        rate_hz: Pictures a second.
        depth: How many are on their way within the camera, as in its encoder and its queues.
        login: The Authorization header that is needed; empty for none.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int = 0, rate_hz: int = 25, depth: int = 5, login: str = "") -> None:
        super().__init__(("127.0.0.1", port), Client)
        self.rate_hz, self.depth, self.login, self.closed = rate_hz, depth, login, False

    def answer(self, method: str, wanted: str, headers: dict[str, str]) -> tuple[str, str, str]:
        if self.login and method == "DESCRIBE" and headers.get("authorization") != self.login:
            return "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n', ""
        if method == "DESCRIBE":
            if not wanted.rstrip("/").endswith("/live"):
                return "404 Not Found", "", ""
            return "200 OK", "Content-Type: application/sdp\r\n", _SDP
        if method == "SETUP":
            return "200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", ""
        return "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n" if method == "OPTIONS" else "", ""

    def play(self, connection: socket.socket) -> None:
        encoder, waiting, number = Encoder(self.rate_hz), deque(), 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start, count = time.monotonic(), 0
        while not self.closed:
            pts = round((time.monotonic() - start) * 90000)
            waiting.append((encoder.encode(stamped(now_ms(), 100 + count % 100), pts), pts))
            if len(waiting) > self.depth:
                for packet in packets(*waiting.popleft(), number):
                    connection.sendall(b"$\0" + struct.pack("!H", len(packet)) + packet)
                    number += 1
            count += 1
            time.sleep(1 / self.rate_hz)

    def handle_error(self, *_: object) -> None:
        """Whoever watches may go away at any time."""

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self.server_address[1]}/live"


def main() -> None:
    """Serves until it is ended."""
    port, *rest = map(int, sys.argv[1:])
    camera = Camera(port, *rest)
    sys.stdout.write(f"{camera.address}\n")
    sys.stdout.flush()
    camera.serve_forever()


if __name__ == "__main__":
    main()
