"""What stands behind --arch."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cnnkit.errors import UsageError
from cnnkit.train.architectures import add_option, choose_architecture


@given(st.integers(1, 512))
def test_options_come_back_as_they_were_said(width: int) -> None:
    text = f"resnet8:width={width}"
    chosen = choose_architecture(text)
    assert chosen.options.width == width
    assert chosen.text == ("resnet8" if width == 16 else text)
    assert choose_architecture(chosen.text) == chosen


def test_texts_that_mean_the_same_network_become_one() -> None:
    text = "bn2: units = 64, filters1=32, filters2=96"
    assert choose_architecture(text).text == "bn2:filters1=32,units=64"
    assert add_option("mobilenet_v3_small", "weights", "none") == "mobilenet_v3_small:weights=none"
    assert add_option("bn2:units=64", "filters1", "32") == "bn2:units=64,filters1=32"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "resnet9", "no architecture 'resnet9', expected package.module:function or one of best, bn2, ", id="name"
        ),
        pytest.param("resnet9:width=4", "no architecture 'resnet9', expected", id="name with options"),
        pytest.param("conv2:width=4", "conv2 has no option 'width': it has none", id="no options"),
        pytest.param("resnet8:depth=4", "resnet8 has no option 'depth', expected width", id="unknown"),
        pytest.param("resnet8:32", "resnet8 has no option '32', expected width", id="no name"),
        pytest.param("resnet8:width", "resnet8: width has no value, expected width=VALUE", id="no value"),
        pytest.param("resnet8:width=2,width=3", "resnet8: width is given twice, expected once", id="twice"),
        pytest.param("resnet8:width=x", "width is 'x', expected a whole number from 1 to 512", id="no number"),
        pytest.param(
            "resnet8:width=8.5", "width is '8.5', expected a whole number from 1 to 512", id="no whole number"
        ),
        pytest.param("resnet8:width=0", "width is '0', expected a whole number from 1 to 512", id="too small"),
        pytest.param("resnet8:width=513", "width is '513', expected a whole number from 1 to 512", id="too large"),
        pytest.param("resnet8:width=", "width is '', expected a whole number from 1 to 512", id="empty"),
        pytest.param("mobilenet_v3_small:weights=x", "weights is 'x', expected imagenet or none", id="choice"),
    ],
)
def test_bad_choices_are_one_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        choose_architecture(text)
    assert message in str(error.value) and "\n" not in str(error.value)
