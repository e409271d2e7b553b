"""SavedModels from anywhere: nothing that could do more than compute is loaded, nor does TensorFlow see it."""

from __future__ import annotations

import re
from pathlib import Path

import hostile_models
import pytest

from cnnkit.errors import ModelError
from cnnkit.runtime import saved_model
from cnnkit.runtime.keras import import_keras, load_keras_model
from cnnkit.runtime.saved_model_graph import _SESSION_SETTINGS as SESSION_SETTINGS
from cnnkit.runtime.saved_model_operators import ALLOWED, CHECKPOINT

# What touches more than its inputs bears such a name.
TELLING = re.compile(
    "File|Read|Write|Save|Restore|Checkpoint|Debug|PyFunc|Print|Dataset|Iterator|Summary|Proto|Rpc|Remote|Send|Recv|Log"
    "|Queue|Session|Collective|Nccl|Xla|Custom|Stats|Dump|Import|Export|Decode|Encode|Parse|Table|Mutable|Immutable|Vocab"
    "|Timestamp|Sleep|Stage|Barrier|Mutex|TPU|Device|Host"
)
SEEN = {
    "ReadVariableOp", "RngReadAndSkip", "DisableCopyOnRead",  # variables, in memory
    "HashTableV2", "InitializeTableV2", "LookupTableExportV2", "LookupTableFindV2", "LookupTableImportV2",
    "LookupTableSizeV2", "MutableHashTableV2",  # from tensors to tensors, in memory
    "Log", "Log1p", "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr", "CumulativeLogsumexp",
}  # fmt: skip
STATEFUL = {
    "Assert", "CheckNumerics",  # stop
    "Case", "If", "StatefulPartitionedCall", "While",  # do what the functions do that they call
    "CudnnRNNBackpropV3", "CudnnRNNV3",  # draw random numbers
    "RandomShuffle", "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "StatefulStandardNormalV2",
    "StatefulUniform", "StatefulUniformFullInt", "StatefulUniformInt", "StatelessRandomGetAlg", "TruncatedNormal",
    "RngReadAndSkip", "RngSkip",
    "AssignAddVariableOp", "AssignSubVariableOp", "AssignVariableOp", "DisableCopyOnRead", "ReadVariableOp",
    "ResourceGather", "ResourceGatherNd", "VarHandleOp", "VarIsInitializedOp", "VariableShape",
    "HashTableV2", "InitializeTableV2", "LookupTableExportV2", "LookupTableFindV2", "LookupTableImportV2",
    "LookupTableSizeV2", "MutableHashTableV2",
}  # fmt: skip

STRING = 7  # tensorflow.DataType
SETTINGS = {
    "allowed_devices", "bad_indices_policy", "container", "debug_name", "dst_format", "equation", "fill_mode",
    "interpolation", "kernel_type", "message", "shared_name", "src_format",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _keras():
    import_keras("a test")


@pytest.fixture(scope="module")
def registered():
    """All operators of this TensorFlow, by name."""
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    found = op_def_pb2.OpList()
    found.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {one.name: one for one in found.op}


class Unasked:
    """Stands where a process would load the model, which must not come to that."""

    def __init__(self, name: str) -> None:
        pass

    def load(self, folder: Path, served: str) -> None:
        pytest.fail("it would be loaded")


def files(folder: Path) -> dict[Path, tuple[int, float]]:
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (status.st_size, status.st_mtime) for path, status in found.items()}


def test_operators_that_reach_beyond_their_inputs_are_not_on_the_list(registered):
    assert len(registered) > 1500
    assert {name for name in registered if TELLING.search(name)} & ALLOWED == SEEN
    assert {name for name, one in registered.items() if one.is_stateful} & ALLOWED == STATEFUL
    assert registered.keys() >= ALLOWED | CHECKPOINT


def test_no_operator_on_the_list_is_told_a_path(registered):
    """Paths and addresses are strings, which none takes; those that stand in its attributes are settings."""
    taken = {name for name in ALLOWED for one in registered[name].input_arg if one.type == STRING}
    attributes = [one for name in ALLOWED for one in registered[name].attr if one.type in ("string", "list(string)")]
    assert taken == set()
    assert {one.name for one in attributes if not one.allowed_values.list.s} == SETTINGS | set(SESSION_SETTINGS)


@pytest.mark.parametrize("name", hostile_models.hostile_models())
def test_a_hostile_model_is_refused_before_anything_of_it_is_loaded(name, tmp_path, monkeypatch):
    build, message = hostile_models.hostile_models()[name]
    victim = tmp_path / "victim.txt"
    victim.write_text("left alone\n")
    folder = build(tmp_path / "model", str(victim))
    before = files(tmp_path)
    monkeypatch.setattr(saved_model, "Guest", Unasked)
    with pytest.raises(ModelError, match=re.escape(message)) as refused:
        load_keras_model(folder)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300 + len(str(folder))
    assert files(tmp_path) == before
    assert victim.read_text() == "left alone\n"
