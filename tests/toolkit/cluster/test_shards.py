from __future__ import annotations

import json

import pytest

from cnnkit.cluster.shards import Shard, ShardWriter
from cnnkit.errors import CnnkitError


def rows(*indices):
    return [{"index": index, "source": f"{index}.jpg", "label": "cat", "top": [], "error": None} for index in indices]


@pytest.fixture(params=["jsonl", "parquet"])
def writer(request, tmp_path):
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    writer = ShardWriter(tmp_path / "out", request.param)
    writer.open(overwrite=False)
    return writer


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param({0: (0, 1, 2), 3: (3, 4, 5)}, (0, 0), id="whole"),
        pytest.param({0: (0, 1, 2)}, (3, 0), id="a shard lost"),
        pytest.param({0: (0, 1, 2), 3: (3, 5)}, (1, 0), id="a row lost"),
        pytest.param({0: (0, 1, 2), 3: (3, 4, 4, 5)}, (0, 1), id="a row doubled"),
        pytest.param({0: (0, 1, 2), 1: (1, 2), 3: (3, 4, 5)}, (0, 2), id="a shard doubled under another name"),
        pytest.param({0: (0, 1, 2), 3: (3, 4, 4)}, (1, 1), id="one lost and one doubled"),
        pytest.param({0: (0, 1, 2), 3: (3, 4, 5), 6: (6,)}, (0, 1), id="more than there were inputs"),
        pytest.param({}, (6, 0), id="nothing"),
    ],
)
def test_the_files_are_read_again_for_what_is_lost_or_doubled(writer, written, expected):
    for first, indices in written.items():
        writer.write(first, rows(*indices))
    assert writer.missed(6) == expected
    if expected == (0, 0):
        assert writer.finish([Shard(0, 6, 0)], 6) == Shard(0, 6, 0)
        return
    lost, doubled = expected
    with pytest.raises(CnnkitError, match=f"of 6 inputs {lost} are lost, and {doubled} rows are doubled"):
        writer.finish([Shard(0, 6, 0)], 6)  # whatever the actors say
    assert not (writer.folder / "manifest.json").exists()


def test_what_a_lost_machine_had_begun_is_removed(writer):
    writer.write(0, rows(0))
    (writer.folder / f".cnnkit-x-part-000000000000.{writer.style}").write_text('{"index": 0')
    writer.begin(0, 1)
    writer.finish([Shard(0, 1, 0)], 1)
    assert sorted(path.name for path in writer.folder.iterdir()) == ["manifest.json", writer.path(0).name]


def test_a_new_run_removes_all_of_one_that_was_cut_off(writer):
    writer.write(0, rows(0))
    writer.begin(1000, 1000)
    (writer.folder / ".model.onnx").write_bytes(b"model")
    writer.open(overwrite=True)
    assert not list(writer.folder.iterdir())


def test_a_shard_that_always_ends_its_process_is_given_up(writer):
    for _ in range(5):
        writer.begin(2000, 1000)
    with pytest.raises(CnnkitError, match=r"inputs 2,000 to 2,999 ended their process 5 times.*--engine local"):
        writer.begin(2000, 1000)
    writer.begin(3000, 1000)


def test_attempts_count_no_more_once_the_shard_is_there(writer):
    for _ in range(12):
        writer.begin(0, 1)
        writer.write(0, rows(0))


def test_text_that_looks_like_a_row_counts_for_none(tmp_path):
    writer = ShardWriter(tmp_path / "out", "jsonl")
    writer.open(overwrite=False)
    odd = '\n{"index": 1, '
    writer.write(0, [{"index": 0, "source": odd, "error": odd}])
    assert writer.missed(2) == (1, 0)
    assert json.loads(writer.path(0).read_text())["source"] == odd
