"""What a model answers on two machines, compared image by image."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

# The probabilities of an image's classes.
Answer = Mapping[str, float]


@dataclass(frozen=True)
class Difference:
    """How far the answers of two machines are apart."""

    images: int
    label_changes: int  # images whose first label is another
    differing: int  # images of which any probability is another, however little
    max_probability_difference: float  # of all images and classes


def read_answers(rows: str) -> dict[str, Answer]:
    """Reads what `cnnkit predict --format jsonl` printed with all classes in --top-k.

    Returns:
        The source of an image -> its answer.

    Raises:
        ValueError: An image has no answer, or two.
    """
    answers: dict[str, Answer] = {}
    for row in map(json.loads, rows.splitlines()):
        if row["error"] is not None:
            raise ValueError(f"{row['source']}: {row['error']}")
        if row["source"] in answers:
            raise ValueError(f"{row['source']} has two answers")
        answers[row["source"]] = {entry["label"]: entry["probability"] for entry in row["top"]}
    return answers


def compare(here: Mapping[str, Answer], there: Mapping[str, Answer]) -> Difference:
    """Compares answers to the same images.

    Raises:
        ValueError: The images or the classes are not the same ones.
    """
    if here.keys() != there.keys() or any(here[source].keys() != there[source].keys() for source in here):
        raise ValueError(f"answers to {len(here)} and {len(there)} images, of which some are of others or lack classes")
    apart = [max(abs(here[source][label] - there[source][label]) for label in here[source]) for source in here]
    changes = sum(_label(here[source]) != _label(there[source]) for source in here)
    worst = math.nan if any(map(math.isnan, apart)) else max(apart, default=0.0)
    return Difference(len(here), changes, sum(value != 0 for value in apart), worst)


def _label(answer: Answer) -> str:
    return max(answer, key=answer.__getitem__)
