from __future__ import annotations

import gc

import pytest

from cnnkit.system.startup import without_garbage_collection


def test_collector_rests_inside_and_works_afterwards():
    frozen = gc.get_freeze_count()
    with without_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen
    gc.unfreeze()


def test_collector_works_after_an_error():
    with pytest.raises(KeyError), without_garbage_collection():
        raise KeyError
    assert gc.isenabled()
    gc.unfreeze()
