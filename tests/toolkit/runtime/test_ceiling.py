from __future__ import annotations

import json
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from tiny_models import TINY_SPEC

from cnnkit.errors import SpecError
from cnnkit.runtime.ceiling import allowed_by, ceiling_of, likely_changes
from cnnkit.runtime.golden import changes_that_count, compare_answers
from cnnkit.spec import GoldenImage, Quantization, Tolerance, read_spec, write_spec

GOLDEN = tuple(GoldenImage(b"", (0.6, 0.2, 0.2)) for _ in range(14))


def spec_with(precision="int8", golden=GOLDEN, tolerance=Tolerance(1.0, 14), **evaluation):  # noqa: B008
    record = Quantization("QDQ", 8, "0" * 64, "a CPU", evaluation=evaluation, precision=precision)
    return replace(TINY_SPEC, quantization=record, golden=golden, tolerance=tolerance)


@pytest.mark.parametrize(
    ("golden", "agreement", "images", "most"),
    [
        pytest.param(14, 0.97, 1000, 2, id="two of fourteen"),
        pytest.param(16, 0.9945, 10_000, 1, id="one of sixteen"),
        pytest.param(16, 0.9999, 10_000, 0, id="none"),
        pytest.param(16, 1.0, 30, 3, id="few images show little"),
        pytest.param(16, 0.43, 1000, 4, id="never more than a quarter"),
        pytest.param(1, 0.9, 1000, 0, id="one golden image"),
        pytest.param(0, 0.9, 1000, 0, id="no golden image"),
        pytest.param(16, -3.0, 1000, 4, id="an agreement that is none"),
        pytest.param(16, 7.0, 1000, 1, id="or above one"),
    ],
)
def test_how_many_labels_a_right_file_changes(golden, agreement, images, most):
    assert likely_changes(golden, agreement, images) == most


@pytest.mark.parametrize(("golden", "chance"), [(14, 0.03), (16, 0.01), (12, 0.05)])
def test_it_is_the_smallest_number_that_99_percent_keep(golden, chance):
    most = likely_changes(golden, 1 - chance, None)

    def below(count):
        return sum(comb(golden, k) * chance**k * (1 - chance) ** (golden - k) for k in range(count + 1))

    assert below(most) >= 0.99 > below(most - 1)


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        pytest.param(spec_with(agreement=0.97, images=1000.0), Tolerance(0.5, 2), id="from before"),
        pytest.param(
            spec_with(agreement=0.97, images=1000.0, difference_ceiling=0.2, min_agreement=0.9), Tolerance(0.2, 2),
            id="with all evidence",
        ),
        pytest.param(
            spec_with(agreement=0.97, images=1000.0, difference_ceiling=7.0), Tolerance(0.5, 2), id="absurd evidence"
        ),
        pytest.param(spec_with(), Tolerance(0.5, 3), id="integers never measured"),
        pytest.param(spec_with("float16"), Tolerance(0.05, 1), id="float16"),
        pytest.param(
            spec_with("float32", tolerance=Tolerance(1e-4, 0)), Tolerance(1e-4, 0), id="float32 that was kept"
        ),
        pytest.param(replace(TINY_SPEC, tolerance=Tolerance(0.02, 0)), Tolerance(0.02, 0), id="no evidence"),
        pytest.param(
            spec_with(agreement=0.97, images=1000.0, tolerance=Tolerance(0.1, 0)), Tolerance(0.1, 0), id="less"
        ),
    ],
)  # fmt: skip
def test_what_is_allowed_at_most(spec, allowed):
    assert allowed_by(spec) == allowed


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        pytest.param({"agreement": 0.9, "images": 500.0}, "90.0% of 500 images, expected 96%", id="the usual limit"),
        pytest.param({"agreement": 0.9, "images": 500.0, "min_agreement": 0.85}, "", id="a limit that was set"),
        pytest.param({"agreement": 0.2, "images": 500.0, "min_agreement": 0.85}, "20.0% of 500 images", id="below it"),
        pytest.param({"agreement": 0.97, "images": 500.0}, "", id="within"),
        pytest.param({}, "", id="never measured"),
    ],
)  # fmt: skip
def test_an_agreement_below_the_limit_is_a_fault(figures, fault):
    found = ceiling_of(spec_with(**figures)).fault
    assert (fault in found) if fault else found == ""
    expected = np.array([image.probabilities for image in GOLDEN], np.float32)
    result = compare_answers(expected, expected, spec_with(**figures))
    assert result.passed is (fault == "")


def test_a_change_between_equals_counts_for_nothing():
    expected = np.float32([[0.3334, 0.3333, 0.3333], [0.5, 0.3, 0.2]])
    answers = np.float32([[0.3333, 0.3334, 0.3333], [0.3, 0.5, 0.2]])
    assert changes_that_count(expected, answers).tolist() == [False, True]


@pytest.mark.parametrize(
    ("difference", "changes", "message"),
    [
        pytest.param(-0.1, 0, "is -0.1, expected 0 to 1", id="negative"),
        pytest.param(7, 0, "is 7, expected 0 to 1", id="absurd"),
        pytest.param(0.1, -1, "expected 0 or more", id="labels"),
        pytest.param(0.1, 99, "expected 16 or less", id="too many"),
        pytest.param(0.1, None, "lacks the field 'max_label_changes'", id="half"),
        pytest.param(None, None, "lacks the field 'tolerance'", id="missing"),
    ],
)
def test_tolerances_that_are_none(difference, changes, message):
    document = json.loads(write_spec(TINY_SPEC))
    fields = {"max_probability_difference": difference, "max_label_changes": changes}
    document["tolerance"] = {name: value for name, value in fields.items() if value is not None}
    if difference is None:
        del document["tolerance"]
    with pytest.raises(SpecError, match=message):
        read_spec(json.dumps(document))
