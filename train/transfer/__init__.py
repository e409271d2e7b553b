"""Transfer: a network that has learned before is taught new classes, its last layer first, then its upper layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.transfer.feature_files import FeatureFiles as FeatureFiles
    from cnnkit.train.transfer.teaching import teach as teach
else:
    __getattr__ = hand_on(__name__, {"feature_files": ("FeatureFiles",), "teaching": ("teach",)})
