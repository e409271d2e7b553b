"""What a function of a hostile SavedModel does with a path, and the operator that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Effect = Callable[[Any, str], object]


def effects() -> dict[str, tuple[Effect, str]]:
    """Returns name -> what a function does with a path before it answers, and the operator that does it."""
    return {**_reading_and_logging(), **_leaving_the_graph()}


def _reading_and_logging() -> dict[str, tuple[Effect, str]]:
    import tensorflow as tf

    raw = tf.raw_ops
    return {
        "debug": (lambda x, to: raw.DebugIdentity(input=x, debug_urls=[f"file://{to}"]), "DebugIdentity"),
        "debug v2": (lambda x, to: raw.DebugIdentityV2(input=x, debug_urls=[f"file://{to}"]), "DebugIdentityV2"),
        "debug summary": (
            lambda x, to: raw.DebugNumericSummary(input=x, debug_urls=[f"file://{to}"]), "DebugNumericSummary",
        ),
        "cache": (
            lambda x, to: tf.data.Dataset.from_tensors(x).cache(to).reduce(0.0, lambda sum, x: sum + x[0, 0]),
            "CacheDatasetV2",
        ),
        "immutable const": (
            lambda x, to: raw.ImmutableConst(dtype=tf.float32, shape=[4], memory_region_name=to), "ImmutableConst",
        ),
        "decode proto": (
            lambda x, to: raw.DecodeProtoV2(
                bytes=[b""], message_type="a.B", field_names=["c"], output_types=[tf.int32], descriptor_source=to
            ).sizes,
            "DecodeProtoV2",
        ),
        "read": (lambda x, to: tf.io.read_file(to), "ReadFile"),
        "write": (lambda x, to: tf.io.write_file(to, "x"), "WriteFile"),
        "list": (lambda x, to: tf.io.matching_files(to + "*"), "MatchingFiles"),
    }  # fmt: skip


def _leaving_the_graph() -> dict[str, tuple[Effect, str]]:
    import tensorflow as tf

    raw = tf.raw_ops
    return {
        "python": (lambda x, to: tf.numpy_function(lambda: 1.0, [], tf.float32), "PyFunc"),
        "eager python": (lambda x, to: tf.py_function(lambda: 1.0, [], tf.float32), "EagerPyFunc"),
        "print": (lambda x, to: tf.print(x, output_stream=f"file://{to}"), "PrintV2"),
        "save": (lambda x, to: raw.Save(filename=to, tensor_names=["x"], data=[x]), "Save"),
        "save v2": (
            lambda x, to: raw.SaveV2(prefix=to, tensor_names=["x"], shape_and_slices=[""], tensors=[x]), "SaveV2",
        ),
        "merge": (
            lambda x, to: raw.MergeV2Checkpoints(checkpoint_prefixes=[to], destination_prefix=to), "MergeV2Checkpoints",
        ),
        "restore": (
            lambda x, to: raw.RestoreV2(prefix=to, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32])[0],
            "RestoreV2",
        ),
        "summary": (
            lambda x, to: raw.CreateSummaryFileWriter(
                writer=raw.SummaryWriter(), logdir=to, max_queue=1, flush_millis=1, filename_suffix=""
            ),
            "CreateSummaryFileWriter",
        ),
        "remote": (
            lambda x, to: raw.RemoteCall(
                target="/job:worker/replica:0/task:0/device:CPU:0", args=[x], Tout=[tf.float32],
                f=tf.function(lambda x: x).get_concrete_function(tf.TensorSpec(None)),
            )[0],
            "RemoteCall",
        ),
        "vocabulary": (
            lambda x, to: raw.GenerateVocabRemapping(
                new_vocab_file=to, old_vocab_file=to, new_vocab_offset=0, num_new_vocab=1
            )[0],
            "GenerateVocabRemapping",
        ),
    }  # fmt: skip
