"""Whole processes: start-up, and folders of images."""

from __future__ import annotations

from collections.abc import Callable

from figures.accuracy import INT8, LITE0, LITE0_INT8
from figures.figure import DATA, FigureError, Measurement, Output, Row
from figures.wording import estimate, spread

STARTUP = f"python tests/scripts/measure_startup.py --model {INT8} toolkit/examples/cat.jpg"


def _startup(numerator: str):
    def read(output: Output) -> str:
        found = output.last_line()
        (ratio,) = (ratio for ratio in found["ratios"] if ratio["numerator"] == numerator)
        return estimate(ratio, "", found["n"])

    return read


def _over(name: str) -> Callable[[Output], str]:
    def read(output: Output) -> str:
        found = output.last_line()
        return spread(found["over"][name], "", found["n"])

    return read


def _labels(output: Output) -> str:
    found = output.last_line()
    low, high = 100 * found["low"], 100 * found["high"]
    share = 100 * found["labels_changed"] / found["images"]
    return f"{share:.1f} % (95 % interval {low:.1f} to {high:.1f})"


def _resumed(output: Output) -> str:
    found = output.last_line()
    if not found["as_inputs"] or not found["killed"]:
        raise FigureError(f"killed {found['killed']} times, and the rows are not those of the inputs, or nothing was")
    return f"no row lost or doubled of {found['rows']:,} (killed {found['killed']} times)"


def _paths(output: Output) -> str:
    return f"{output.last_line()['stdin_more_bytes'] / 1e6:.1f} MB (n = 1)"


def _folder(output: Output) -> str:
    return f"{output.last_line()['folder_bytes_a_name']:.0f} bytes a name (n = 1)"


def _damaged(output: Output) -> str:
    found = output.last_line()
    if found["rows"] != found["files"]:
        raise FigureError(f"{found['rows']} rows for {found['files']} files")
    predicted = found["rows"] - found["refused"]
    return f"no crash, {predicted:,} predicted, {found['refused']:,} with the reason why not"


def _ray(output: Output) -> str:
    found = output.last_line()
    if not found["as_locally"] or found["lost"] or found["doubled"]:
        raise FigureError(f"not as on one machine: {found}")
    return f"{found['rows']:,} rows, none lost or doubled, the same as on one machine"


def _shards(output: Output) -> str:
    found = output.last_line()
    return f"{found['shards_before_kill']} of {found['shards']}"


def _network(precision: str, model: str, made: tuple[str, ...]) -> Measurement:
    """Returns the comparison on photos of 500 x 375 pixels with EfficientNet-Lite0, in batches of 32."""
    return Measurement(
        f"folder-lite0-{precision.lower()}",
        (
            *made,
            f"python tests/scripts/measure_predict.py folder networks/photos/calibration --count 1000 --model {model}",
        ),
        (
            Row(f"1,000 photos of 500 x 375, Lite0 in {precision}: images/s over a plain loop", _over("plain loop")),
            Row(f"Lite0 in {precision}, the same over the network alone", _over("network alone")),
        ),
        minutes=6,
        photos="imagenet",
    )


FOLDERS = (
    Measurement(
        "startup",
        (STARTUP,),
        (
            Row("`cnnkit predict photo.jpg`, whole process, over a ten-line script", _startup("cnnkit predict")),
            Row('`cnnkit --help` over `python -c "import click"`', _startup("cnnkit --help")),
        ),
        minutes=1,
    ),
    Measurement(
        "photos",
        ("python tests/scripts/measure_predict.py photos",),
        (
            Row("`cnnkit predict` on 200 photos of 12 megapixels, images/s over a plain loop", _over("plain loop")),
            Row("the same over decoding alone on two threads", _over("decoding alone, 2 threads")),
            Row("labels changed by decoding at a reduced scale, the same 200 photos", _labels),
        ),
        minutes=6,
        modules=("skimage",),
    ),
    Measurement(
        "tiny",
        (f"python tests/scripts/measure_predict.py tiny {DATA}/train",),
        (
            Row(
                "`cnnkit predict` on 20,000 JPEGs of 32 x 32, images/s over a plain loop in batches of 64",
                _over("plain loop"),
            ),
        ),
        minutes=2,
    ),
    _network("float32", "efficientnet_lite0.onnx", LITE0),
    _network("INT8", "efficientnet_lite0.int8.onnx", (*LITE0, LITE0_INT8)),
    Measurement(
        "resume",
        (f"python tests/scripts/measure_resume.py {DATA}",),
        (Row("`kill -9` of `cnnkit predict` in 100,000 images, `--resume` each time", _resumed),),
        minutes=1,
    ),
    Measurement(
        "paths",
        (f"python tests/scripts/measure_paths.py {DATA}/train",),
        (
            Row("memory of `cnnkit predict` for 1,000,000 paths on stdin above that for 10,000", _paths),
            Row("memory of `cnnkit predict` for 1,000,000 images in one folder", _folder),
        ),
        minutes=8,
    ),
    Measurement(
        "damaged",
        ("python tests/scripts/measure_damaged.py",),
        (Row("5,000 damaged JPEG, PNG, WebP and TIFF files", _damaged),),
        minutes=0.5,
    ),
    Measurement(
        "ray",
        (f"python tests/scripts/measure_ray.py {DATA}/train --count 40000",),
        (
            Row("`cnnkit predict --engine ray` on two workers, one killed", _ray),
            Row("shards that were written when it was killed", _shards),
        ),
        minutes=2,
        extras=("ray",),
    ),
)
