from __future__ import annotations

import socket
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from cnnkit.cluster.connection import connected, is_client, refusal
from cnnkit.cluster.engine import _room, _short
from cnnkit.errors import CnnkitError, UsageError

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: pip install 'cnnkit[ray]'")
VERSIONS = """Version mismatch: The cluster was started with:
    Ray: 2.60.0
    Python: 3.12.1
This process on node 192.0.2.7 was started with:
    Ray: 2.41.0
    Python: 3.11.7
"""


def nodes(*processors, alive=True):
    return [{"Alive": alive, "Resources": {} if each is None else {"CPU": each}} for each in processors]


@pytest.mark.parametrize("address", ["", "local"])
def test_no_cluster_is_started(address):
    with pytest.raises(UsageError, match="is no cluster that runs already"), connected(address):
        pass


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (
            VERSIONS,
            "the Ray cluster at head:6379 has Ray 2.60.0 and Python 3.12.1, and this is Ray 2.41.0 and Python 3.11.7: "
            "use the same of both here and there",
        ),
        (
            "Could not\n  connect",
            "no Ray cluster can be used at head:6379 (Could not connect): start one with ray start --head, and name "
            "its address with --address",
        ),
    ],
)
def test_what_ray_says_becomes_one_line(problem, message):
    assert refusal("head:6379", problem) == message


def test_long_messages_are_cut():
    assert len(refusal("head:6379", "word " * 1000)) < 400


def test_where_nothing_listens_is_known_at_once():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(CnnkitError, match="ray start --head"), connected(address):
            pass
    assert time.monotonic() - start < 5


@needs_ray
def test_what_listens_and_is_no_ray_is_given_up():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CnnkitError, match="no answer within 2 s"), connected(address, connect_s=2):
            pass


def test_ray_is_not_imported_before_it_is_needed():
    code = "import sys, cnnkit.cluster.run, cnnkit.cluster.probe; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_client_addresses():
    assert is_client("ray://head:10001") and not is_client("head:6379") and not is_client("auto")


@pytest.mark.parametrize(
    ("processors", "threads", "expected"),
    [((0, 1, 1), 1, 2), ((8.0, 4.0), 3, 3), ((None, 2), 2, 1)],
    ids=["a head without", "several threads", "no CPU named"],
)
def test_actors_are_as_many_as_fit(processors, threads, expected):
    assert _room(nodes(*processors), threads, "auto") == expected


@pytest.mark.parametrize(
    ("found", "threads"),
    [(nodes(0), 1), (nodes(2, 2), 4), (nodes(8, alive=False), 1), ([], 1)],
    ids=["no processor", "no machine large enough", "dead", "none"],
)
def test_a_cluster_without_room_is_refused_and_not_waited_for(found, threads):
    with pytest.raises(CnnkitError, match=f"has {threads} CPU for an actor"):
        _room(found, threads, "auto")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Traceback\n  File\ncnnkit.errors.ModelError: a.onnx is none\n\nTo change retries, configure",
            "a.onnx is none",
        ),
        ("The actor died\nbecause of that\n", "because of that"),
        ("", "RuntimeError"),
    ],
    ids=["an error of ours", "an error of Ray's", "nothing"],
)
def test_of_a_failure_one_line_is_said(text, expected):
    assert _short(RuntimeError(text)) == expected
