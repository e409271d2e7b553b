from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.cluster.shards import Shard, ShardWriter
from cnnkit.cluster.worker import ShardPredictor, WorkerOptions
from cnnkit.errors import CnnkitError, OutputError, UsageError
from cnnkit.predicting.options import PredictOptions
from cnnkit.sources.found import FoundImage

pytest.importorskip("pyarrow")
from cnnkit.cluster.engine import _tables


def rows(first, count):
    return [
        {"index": first + number, "source": f"{number}.jpg", "label": "cat", "error": None} for number in range(count)
    ]


@pytest.fixture
def writer(tmp_path):
    writer = ShardWriter(tmp_path / "out", "jsonl")
    writer.open(overwrite=False)
    return writer


def test_shards_that_hold_all_inputs_once_have_a_manifest(writer):
    for first, count in ((0, 3), (3, 3), (6, 1)):
        writer.write(first, rows(first, count))
    writer.write(3, rows(3, 3))  # once more, as after a lost machine
    total = writer.finish([Shard(6, 1, 1), Shard(0, 3, 0), Shard(3, 3, 1)], 7)
    assert total == Shard(0, 7, 2)
    lines = [line for path in sorted(writer.folder.glob("part-*")) for line in path.read_text().splitlines()]
    assert [json.loads(line)["index"] for line in lines] == list(range(7))
    manifest = json.loads((writer.folder / "manifest.json").read_text())
    assert (manifest["inputs"], manifest["failed"], len(manifest["shards"])) == (7, 2, 3)


@pytest.mark.parametrize(
    ("shards", "inputs", "message"),
    [
        pytest.param([Shard(0, 3, 0)], 6, "of 6 inputs 3 are lost, and 0 rows", id="lost at the end"),
        pytest.param([Shard(3, 3, 0)], 6, "of 6 inputs 3 are lost", id="lost at the beginning"),
        pytest.param([Shard(0, 3, 0), Shard(0, 3, 0)], 6, "of 6 inputs 3 are lost", id="said twice"),
        pytest.param([Shard(0, 3, 0), Shard(3, 3, 0)], 6, "of 6 inputs 3 are lost", id="no file"),
    ],
)
def test_what_is_lost_or_doubled_is_an_error(writer, shards, inputs, message):
    writer.write(0, rows(0, 3))
    with pytest.raises(CnnkitError, match=message):
        writer.finish(shards, inputs)
    assert not (writer.folder / "manifest.json").exists()


def test_results_are_not_replaced_unasked(writer):
    writer.write(0, rows(0, 3))
    with pytest.raises(OutputError, match="exists already"):
        writer.open(overwrite=False)
    writer.open(overwrite=True)
    assert not list(writer.folder.glob("part-*"))


def test_inputs_go_in_blocks_with_their_numbers_and_names_that_are_no_text():
    found = [FoundImage(f"{number}.jpg") for number in range(4)] + [FoundImage("caf\udce9.jpg", problem="locked")]
    tables = list(_tables(found, 2))
    assert [table.num_rows for table in tables] == [2, 2, 1]
    assert [index for table in tables for index in table["index"].to_pylist()] == [0, 1, 2, 3, 4]
    assert tables[2].to_pylist() == [{"index": 4, "source": b"caf\xe9.jpg", "problem": "locked"}]


def test_members_and_frames_are_refused():
    with pytest.raises(UsageError, match=r"a\.zip/b\.jpg is read on one machine"):
        list(_tables([FoundImage("a.zip", member="b.jpg")], 2))


@pytest.mark.parametrize("style", ["jsonl", "parquet"])
def test_an_actor_answers_a_block_as_a_local_run_does(tiny_model, photos, tmp_path, style):
    call = ["predict", "photos", "gone.jpg", "--model", str(tiny_model), "--format", "jsonl"]
    local = [json.loads(line) for line in CliRunner().invoke(main, call).stdout.splitlines()]
    writer = ShardWriter(tmp_path / "out", style)
    writer.open(overwrite=False)
    options = WorkerOptions("cpu", None, False, PredictOptions(), writer, Path.cwd())
    images = [FoundImage(row["source"]) for row in local]
    [block] = _tables(images, 100)
    answer = ShardPredictor(tiny_model, options)(block)
    assert answer.to_pylist() == [{"first": 0, "inputs": len(local), "failed": 2}]
    if style == "jsonl":
        found = [json.loads(line) for line in writer.path(0).read_text().splitlines()]
    else:
        from pyarrow import parquet

        empty = ("member", "frame", "seconds", "model")
        found = [
            {k: v for k, v in row.items() if k not in empty} for row in parquet.read_table(writer.path(0)).to_pylist()
        ]
    assert found == [{"index": index, **row} for index, row in enumerate(local)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "writes a folder of shards: add --output DIR"),
        (["--output", "out"], "--format jsonl or parquet"),
        (["--output", "out", "--format", "jsonl", "--grid", "a.png"], "writes shards alone"),
        (["--output", "out", "--format", "jsonl", "--resume"], "writes shards alone"),
        (["--output", "out", "--format", "jsonl", "-m", "a.onnx", "-m", "b.onnx"], "takes one --model"),
    ],
)
def test_what_a_cluster_does_not_do(photos, arguments, message):
    result = CliRunner().invoke(main, ["predict", "photos", "--engine", "ray", *arguments])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_it_says_what_to_install(photos, tiny_model):
    call = ["predict", "photos", "-m", str(tiny_model), "--engine", "ray", "--format", "jsonl", "--output", "out"]
    result = CliRunner().invoke(main, call)
    assert result.exit_code == 1
    assert result.stderr == (
        "cnnkit: error: cnnkit predict --engine ray needs ray, which is not installed: pip install 'cnnkit[ray]'\n"
    )


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
def test_without_a_cluster_it_says_how_to_start_one(photos, tiny_model):
    call = ["predict", "photos", "-m", str(tiny_model), "--engine", "ray", "--address", "127.0.0.1:1"]
    result = CliRunner().invoke(main, [*call, "--format", "jsonl", "--output", "out"])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "no Ray cluster can be used at 127.0.0.1:1" in result.stderr and "ray start --head" in result.stderr
