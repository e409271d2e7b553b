from __future__ import annotations

from dataclasses import replace

import numpy as np
from tiny_answers import answers_of

from cnnkit.bench.answers import keep


def test_answers_are_kept_for_a_later_run():
    answers = answers_of(np.array([0, 1, 1]), {"net": np.array([0, 0, 1])}, ("a/1.png", "b/\udcff.png", "b/2.png"))
    kept = keep(answers)
    assert (kept.targets, kept.predicted) == ((0, 1, 1), {"net": (0, 0, 1)})
    assert kept.right("net").tolist() == [True, False, True]
    assert kept.images_sha256 != keep(replace(answers, file_bytes=(5, 6, 7))).images_sha256
    assert kept.images_sha256 != keep(replace(answers, images=("a/1.png", "b/1.png", "b/2.png"))).images_sha256
