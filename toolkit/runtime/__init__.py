"""Model files opened and run: ONNX Runtime and Keras behind one protocol, their golden images and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.runtime.ceiling import (
        MOST_DIFFERENCE as MOST_DIFFERENCE,
        ceiling_of as ceiling_of,
        likely_changes as likely_changes,
    )
    from cnnkit.runtime.golden import (
        changes_that_count as changes_that_count,
        check_golden as check_golden,
        decode_golden as decode_golden,
        encode_golden as encode_golden,
        golden_stage as golden_stage,
        is_clear as is_clear,
        least_sure_of_each as least_sure_of_each,
        require_passed as require_passed,
    )
    from cnnkit.runtime.inspection import inspect_any as inspect_any, inspect_model as inspect_model
    from cnnkit.runtime.keras import (
        KerasClassifier as KerasClassifier,
        flat_layers as flat_layers,
        full_precision as full_precision,
        import_keras as import_keras,
        load_keras_model as load_keras_model,
        silent_stderr as silent_stderr,
    )
    from cnnkit.runtime.keras_apps import (
        SCALINGS as SCALINGS,
        Scaling as Scaling,
        spread as spread,
    )
    from cnnkit.runtime.layer_calls import called_instead as called_instead
    from cnnkit.runtime.layer_counting import keras_layers as keras_layers, multiply_adds as multiply_adds
    from cnnkit.runtime.model import (
        Model as Model,
        bundled_model as bundled_model,
        load_model as load_model,
        warn_of_provider as warn_of_provider,
    )
    from cnnkit.runtime.named import (
        is_named as is_named,
        named_input as named_input,
        named_labels as named_labels,
        network_name as network_name,
    )
    from cnnkit.runtime.onnx import OnnxClassifier as OnnxClassifier, read_spec_of as read_spec_of
    from cnnkit.runtime.opening import open_classifier as open_classifier
    from cnnkit.runtime.parts import answer_in_parts as answer_in_parts
    from cnnkit.runtime.providers import (
        AUTO as AUTO,
        WHEELS as WHEELS,
        check_known as check_known,
        exchange as exchange,
        overlaid as overlaid,
        require_provider as require_provider,
        short_names as short_names,
        this_system as this_system,
    )
    from cnnkit.runtime.run_folder import (
        find_keras_file as find_keras_file,
        keras_sha256 as keras_sha256,
        original_input as original_input,
        read_run_spec as read_run_spec,
    )
    from cnnkit.runtime.saved_model import guest_of as guest_of, is_saved_model as is_saved_model
    from cnnkit.runtime.session import (
        import_onnxruntime as import_onnxruntime,
        lacks_memory as lacks_memory,
        open_session as open_session,
        runtime_errors as runtime_errors,
        short_reason as short_reason,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "ceiling": ("MOST_DIFFERENCE", "ceiling_of", "likely_changes"),
            "golden": (
                "changes_that_count",
                "check_golden",
                "decode_golden",
                "encode_golden",
                "golden_stage",
                "is_clear",
                "least_sure_of_each",
                "require_passed",
            ),
            "inspection": ("inspect_any", "inspect_model"),
            "keras": (
                "KerasClassifier",
                "flat_layers",
                "full_precision",
                "import_keras",
                "load_keras_model",
                "silent_stderr",
            ),
            "keras_apps": ("SCALINGS", "Scaling", "spread"),
            "layer_calls": ("called_instead",),
            "layer_counting": ("keras_layers", "multiply_adds"),
            "model": ("Model", "bundled_model", "load_model", "warn_of_provider"),
            "named": ("is_named", "named_input", "named_labels", "network_name"),
            "onnx": ("OnnxClassifier", "read_spec_of"),
            "opening": ("open_classifier",),
            "parts": ("answer_in_parts",),
            "providers": (
                "AUTO",
                "WHEELS",
                "check_known",
                "exchange",
                "overlaid",
                "require_provider",
                "short_names",
                "this_system",
            ),
            "run_folder": ("find_keras_file", "keras_sha256", "original_input", "read_run_spec"),
            "saved_model": ("guest_of", "is_saved_model"),
            "session": ("import_onnxruntime", "lacks_memory", "open_session", "runtime_errors", "short_reason"),
        },
    )
