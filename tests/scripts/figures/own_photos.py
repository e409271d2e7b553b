"""Training on one's own photos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from figures.figure import Measurement, Output, Row, Table
from figures.wording import accuracy, number, size, spread


def _trained(output: Output) -> str:
    found = output.last_line()
    top1, low, high = (100 * found[name] for name in ("top1", "low", "high"))
    return f"{top1:.2f} % ({low:.2f} to {high:.2f}, n = {found['images']}), {found['minutes']:.1f} minutes"


def _over_a_plain_loop(output: Output) -> str:
    found = output.last_line()
    return spread(found, "", found["n"])


def _small_networks(output: Output) -> list[str]:
    head = ("photos", "network", "top-1 (95 % interval)", "photos asked", "epochs")
    return _table(head, (_small_network(found) for found in output.last_line()), numbers=2)


def _small_network(found: Any) -> tuple[str, ...]:
    network = "plain Keras" if found["what"] == "plain Keras" else f"`--arch {found['what']}`"
    asked = found["images"] * found["runs"]
    return found["folder"], network, accuracy(found), f"{asked:,}", str(found["epochs"])


def _recipes(output: Output) -> str:
    """Counts recipes whose interval lies above chance, and those that cnnkit warns of, which may be the same."""
    found = output.last_line()
    trained = list(found["recipes"].values())
    above = sum(one["low"] > found["chance"] for one in trained)
    warned = sum(one["warned"] for one in trained)
    worst, best = (100 * pick(one["top1"] for one in trained) for pick in (min, max))
    accuracies = f"top-1 {worst:.1f} to {best:.1f} % (n = {found['images']})"
    return f"{above} of {len(trained)} above chance, {warned} warned of; {accuracies}"


def _guidance(output: Output) -> list[str]:
    rows = output.last_line()
    asked = {name: found["images"] for name, found in rows[0]["sets"].items()}
    answers = [f"top-1, {name} (n = {images})" for name, images in asked.items()]
    head = ("network", "pixels", *answers, "minutes", "INT8", "ms", "over float32", "size")
    return _table(head, (_guided(row, tuple(asked)) for row in rows), numbers=3)


def _guided(row: Any, sets: tuple[str, ...]) -> tuple[str, ...]:
    trained = [row["sets"][name] for name in sets]
    minutes = ", ".join(f"{found['minutes']:.1f}" for found in trained)
    int8 = (row["chosen"], f"{row['ms']:.2f}", number(row["ratio"]), size(row["bytes"]))
    return f"`{row['network']}`", str(row["size"]), *map(accuracy, trained), minutes, *int8


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> list[str]:
    """Returns the lines of a table whose last columns are numbers."""
    rule = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


OWN_PHOTOS = (
    Measurement(
        "own-photos",
        ("python tests/scripts/measure_own_photos.py train masks",),
        (Row("`cnnkit train` on 300 photos of faces, masked or not: top-1; minutes", _trained),),
        minutes=3,
        photos="masks",
    ),
    Measurement(
        "own-photos-sign",
        ("python tests/scripts/measure_own_photos.py train sign",),
        (Row("the same on 1,653 photos of hands that show ten digits", _trained),),
        minutes=7,
        photos="sign",
    ),
    Measurement(
        "own-photos-small",
        ("python tests/scripts/measure_small_networks.py masks sign --seeds 1",),
        (
            Table(
                "Without pretrained weights: `--arch auto --weights none` beside twenty lines of plain Keras",
                _small_networks,
            ),
        ),
        minutes=20,
        photos="masks sign",
    ),
    Measurement(
        "recipes-250",
        ("python tests/scripts/measure_recipes.py sign",),
        (Row("every recipe on 250 photos of ten digits", _recipes),),
        minutes=40,
        photos="sign",
        on_request=True,
    ),
    Measurement(
        "guidance",
        ("python tests/scripts/measure_guidance.py --sets masks sign:25",),
        (Table("Networks on 300 photos of faces and on 250 of ten digits, one thread", _guidance),),
        minutes=40,
        photos="masks sign",
        on_request=True,
    ),
    Measurement(
        "first-stage",
        ("python tests/scripts/measure_own_photos.py features imagenet",),
        (Row("features of 1,000 photos, time over a plain loop of the same network", _over_a_plain_loop),),
        minutes=3,
        photos="imagenet",
    ),
)
