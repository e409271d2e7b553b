"""Options that several commands share, or of which one has many: flags, values, and what is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.commands.options.actions import action_options as action_options
    from cnnkit.commands.options.bench import bench_options as bench_options
    from cnnkit.commands.options.explain import explain_options as explain_options, explain_run as explain_run
    from cnnkit.commands.options.input import input_options as input_options, take_said as take_said
    from cnnkit.commands.options.predict import (
        predict_output_options as predict_output_options,
        predict_run as predict_run,
        predict_source_options as predict_source_options,
    )
    from cnnkit.commands.options.service import webcam_service as webcam_service
    from cnnkit.commands.options.shared import (
        damaged_option as damaged_option,
        max_pixels_option as max_pixels_option,
        min_confidence_option as min_confidence_option,
        model_argument as model_argument,
        model_option as model_option,
        overwrite_option as overwrite_option,
        provider_option as provider_option,
        seed_option as seed_option,
        strict_option as strict_option,
        table_or_json_option as table_or_json_option,
        threads_option as threads_option,
        top_k_option as top_k_option,
    )
    from cnnkit.commands.options.training import grouped as grouped, training_options as training_options
    from cnnkit.commands.options.typed import told_how_to_go_on as told_how_to_go_on, typed_command as typed_command
    from cnnkit.commands.options.values import Range as Range, size as size, steps as steps
    from cnnkit.commands.options.webcam import (
        limit_options as limit_options,
        view_options as view_options,
        webcam_options as webcam_options,
        webcam_output_options as webcam_output_options,
        webcam_source_options as webcam_source_options,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "actions": ("action_options",),
            "bench": ("bench_options",),
            "explain": ("explain_options", "explain_run"),
            "input": ("input_options", "take_said"),
            "predict": ("predict_output_options", "predict_run", "predict_source_options"),
            "service": ("webcam_service",),
            "shared": (
                "damaged_option",
                "max_pixels_option",
                "min_confidence_option",
                "model_argument",
                "model_option",
                "overwrite_option",
                "provider_option",
                "seed_option",
                "strict_option",
                "table_or_json_option",
                "threads_option",
                "top_k_option",
            ),
            "training": ("grouped", "training_options"),
            "typed": ("told_how_to_go_on", "typed_command"),
            "values": ("Range", "size", "steps"),
            "webcam": (
                "limit_options",
                "view_options",
                "webcam_options",
                "webcam_output_options",
                "webcam_source_options",
            ),
        },
    )
