"""`cnnkit quantize`: make candidates, measure them, choose, and write the chosen one with the evidence in its spec."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from cnnkit.errors import ModelError, ParityError, SpecError, UsageError
from cnnkit.export.graph import load_graph, opset_of, write_model
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.quantization.batching import images_at_once
from cnnkit.export.quantization.candidates import Failed, Workshop
from cnnkit.export.quantization.choosing import Decision, Limits, can_tell, choose
from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.further import Further, learnt_from
from cnnkit.export.quantization.heats import measure_in_heats
from cnnkit.export.quantization.held_out import choose_held_out
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.measuring import Measured, measure_candidates
from cnnkit.export.quantization.schemes import FLOAT32, SAFE, SCHEMES, resolve_target, unlike_this_machine
from cnnkit.export.quantization.tolerances import difference_ceiling, straying, tolerance_for, with_clear_golden
from cnnkit.machine import EMULATED, cpu_name, describe_machine, free_memory
from cnnkit.runtime import read_spec_of
from cnnkit.sources import CalibrationSet, calibration_size, has_trained, read_calibration
from cnnkit.spec import ModelSpec, Quantization
from cnnkit.system import check_new_file, check_other_file, log, require

_QUANTIZED = {"QuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"}
_MEMORY = 1200 * 2**20  # bytes: sessions with their activations, images that judge, the program itself
_COPIES = 6  # of the float model: as it is, prepared, equalized, and as sessions


@dataclass(frozen=True)
class QuantizeReport:
    """What was written, what it costs and brings, and what it was chosen among."""

    path: Path
    spec: ModelSpec
    decision: Decision
    measured: tuple[Measured, ...]  # all candidates, float32 first
    failed: tuple[Failed, ...]  # candidates that could not be made
    size_bytes: int

    @property
    def effect(self) -> Effect | None:
        """How the chosen candidate answers; None for float32, and where no images were left to measure on."""
        return self.decision.chosen.effect


def quantize_model(options: QuantizeOptions) -> QuantizeReport:
    """Quantizes a float32 ONNX model in the way that measures best on this machine, or leaves it in float32.

    Args:
        options: The model, the images, the limits, and where to write.

    Raises:
        ModelError: The file is no ONNX model, is quantized already, or holds nothing to quantize.
        SpecError: The file carries no spec.
        SourceError: A folder does not exist.
        DataError: There is no readable image.
        UsageError: There is no such scheme, or it cannot be applied to this model, or nothing can be fine-tuned.
        ParityError: The scheme asked for answers otherwise than the limits allow.
        OutputError: The output exists already or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    require("cnnkit quantize", "export", "onnx")
    _check_scheme(options)
    lessons = learnt_from(options)
    for precision in ("int8", "float16", "float32"):  # any of them may be chosen
        check_other_file(_target_path(options, precision), options.model)
        check_new_file(_target_path(options, precision), overwrite=options.overwrite)
    spec = _spec_of_float(options.model)
    wanted = options.calibration_size
    size = wanted if options.data is not None else calibration_size(options.calibration, wanted)
    calibration = read_calibration(options.calibration, size, spec.input, options.seed)
    held_out = choose_held_out(options, calibration.hashes, spec.labels)
    _warn(options, spec)
    if lessons and held_out is None:
        raise UsageError("--finetune needs images to measure what it brings: name others than calibrate with --data")
    _warn_of_memory(options.model, calibration.images.nbytes)
    machine = describe_machine()
    target = resolve_target(options.target, machine.instruction_sets, machine.architecture)
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        workshop = Workshop(options.model, spec, calibration.images, target, Path(folder))
        jury = None if held_out is None else Jury(held_out, spec.input, images_at_once(workshop.quantizer.prepared))
        further = None if jury is None else Further(options, workshop, spec, calibration.images, jury, lessons)
        measured, failed = _candidates(options, workshop, calibration, jury, further)
        decision, final = _settle(options, spec, calibration, measured)
        return _write(options, final, decision, measured, failed)


def _candidates(
    options: QuantizeOptions,
    workshop: Workshop,
    calibration: CalibrationSet,
    jury: Jury | None,
    further: Further | None,
) -> tuple[tuple[Measured, ...], tuple[Failed, ...]]:
    log.info("calibrating with %d images", len(calibration.images))
    made, failed = workshop.make_all(options.method, options.scheme)
    if options.scheme is not None and len(made) < 2:
        reason = failed[0].reason if failed else "it does not go with --calibration-method"
        raise UsageError(f"--scheme {options.scheme} cannot be applied to {options.model}: {reason}")
    images = "" if jury is None else f" on {len(jury.held_out.paths):,} other images"
    log.info("measuring %d candidates%s", len(made), images)
    image, threads = calibration.images[:1], options.threads
    if options.scheme is None:
        measured = measure_in_heats(made, jury, image, threads, _limits(options))
    else:
        measured = measure_candidates(made, jury, image, threads)
    if further is not None and further.lessons:
        measured = further.finetuned(measured)
    if further is not None and options.scheme is None:
        measured = further.mixed(measured, _limits(options))
    return measured, failed


def _settle(
    options: QuantizeOptions, spec: ModelSpec, calibration: CalibrationSet, measured: tuple[Measured, ...]
) -> tuple[Decision, ModelSpec]:
    """Decides, and once more without what is chosen as long as its golden answers stray.

    Returns:
        The decision, and the spec of the file.

    Raises:
        ParityError: The scheme that was asked for strays.
    """
    rounding = with_clear_golden(spec, measured[0].candidate.open(None))
    while True:
        decision = _decide(options, measured)
        chosen = decision.chosen
        own = spec if chosen.candidate.name == FLOAT32 else rounding
        final = _stamped(options, own, calibration, decision, measured)
        if chosen.candidate.name == FLOAT32:
            return decision, final
        model = chosen.candidate.open(None)
        why = straying(model, final)
        if not why:
            return decision, replace(final, tolerance=tolerance_for(model, final))
        if options.scheme is not None:
            raise ParityError(f"--scheme {options.scheme}: {why}; no file was written")
        log.warning("%s is not taken: %s", chosen.candidate.name, why)
        refused = replace(chosen, candidate=replace(chosen.candidate, refused=why))
        measured = tuple(refused if one is chosen else one for one in measured)


def _decide(options: QuantizeOptions, measured: tuple[Measured, ...]) -> Decision:
    if options.scheme is not None:
        asked = measured[-1]  # fine-tuned, where that was asked for too
        reason = f"{asked.candidate.name} was asked for; it takes {asked.ratio:.2f} x the time of float32"
        others = {one.candidate.name: "not asked for" for one in measured[:-1]}
        decision = Decision(asked, reason, others)
    elif effect := max((one.effect for one in measured if one.effect), key=lambda effect: effect.images, default=None):
        if effect.drop is not None and not can_tell(effect.images, options.max_drop):
            log.warning(
                "%d images cannot tell a drop of %g points from chance: the drop seen is judged, not its interval",
                effect.images, 100 * options.max_drop,
            )  # fmt: skip
        decision = choose(measured, _limits(options))
    else:
        decision = _unjudged(measured)
    log.info("%s", decision.reason)
    refused = decision.chosen.candidate.refused
    if refused is not None:
        log.warning("%s: %s", decision.chosen.candidate.name, refused)
    return decision


def _unjudged(measured: tuple[Measured, ...]) -> Decision:
    """Decides where no image is left to measure on: for the safe scheme if it is faster, and says so."""
    safe = next((one for one in measured if one.candidate.name == SAFE and not one.candidate.refused), measured[0])
    chosen = safe if safe.ratio < 1 else measured[0]
    reason = f"{chosen.candidate.name} takes {chosen.ratio:.2f} x the time of float32; its accuracy was not measured"
    others = {one.candidate.name: "not judged: no images to measure on" for one in measured if one is not chosen}
    return Decision(chosen, reason, others)


def _write(
    options: QuantizeOptions,
    final: ModelSpec,
    decision: Decision,
    measured: tuple[Measured, ...],
    failed: tuple[Failed, ...],
) -> QuantizeReport:
    """Writes the chosen file, stamped with what was found."""
    chosen = decision.chosen.candidate
    output = _target_path(options, chosen.precision)
    check_new_file(output, overwrite=options.overwrite)
    write_model(load_graph(chosen.path), final, output)
    return QuantizeReport(
        path=output,
        spec=final,
        decision=decision,
        measured=measured,
        failed=failed,
        size_bytes=output.stat().st_size,
    )


def _stamped(
    options: QuantizeOptions,
    spec: ModelSpec,
    calibration: CalibrationSet,
    decision: Decision,
    measured: tuple[Measured, ...],
) -> ModelSpec:
    """Returns the spec of the chosen file, its tolerance aside."""
    chosen = decision.chosen
    candidate = chosen.candidate
    record = Quantization(
        scheme=candidate.description,
        calibration_images=len(calibration.images),
        calibration_fingerprint=calibration.fingerprint,
        cpu=cpu_name(),
        evaluation=_evaluation(options, calibration, chosen, measured[0]),
        latency=_latency(chosen, measured),
        precision=candidate.precision,
        precise_x64=candidate.scheme is not None and candidate.scheme.precise_x64,
        target=options.target,
        decision=decision.reason,
        candidates={one.candidate.name: one.figures() for one in measured},
    )
    if candidate.name == FLOAT32:
        return replace(spec, quantization=record)
    graph = load_graph(candidate.path)
    facts = spec.graph and replace(spec.graph, opset=opset_of(graph), ir_version=graph.ir_version)
    return replace(spec, quantization=record, graph=facts)


def _evaluation(
    options: QuantizeOptions, calibration: CalibrationSet, chosen: Measured, floating: Measured
) -> dict[str, float]:
    """Returns what the spec says of the chosen file's answers, and verify's ceiling rests on."""
    figures = {} if chosen.effect is None else chosen.effect.figures()
    if chosen is floating:
        return figures
    before, after = floating.candidate.open(None), chosen.candidate.open(None)
    figures["difference_ceiling"] = difference_ceiling(before, after, calibration.images)
    return {**figures, "min_agreement": options.min_agreement}


def _latency(chosen: Measured, measured: tuple[Measured, ...]) -> dict[str, float]:
    own = f"{chosen.candidate.precision}_ms"
    return {"float32_ms": measured[0].latency_ms, own: chosen.latency_ms, "ratio": chosen.ratio, "runs": chosen.runs}


def _limits(options: QuantizeOptions) -> Limits:
    return Limits(options.max_drop, options.min_agreement)


def _target_path(options: QuantizeOptions, precision: str) -> Path:
    return options.output or options.model.with_name(f"{options.model.stem}.{precision}.onnx")


def _check_scheme(options: QuantizeOptions) -> None:
    names = [FLOAT32, "float16", *(scheme.name for scheme in SCHEMES)]
    if options.scheme is not None and options.scheme not in names[1:]:
        raise UsageError(f"--scheme {options.scheme} is not known, expected one of {', '.join(names[1:])}")


def _warn(options: QuantizeOptions, spec: ModelSpec) -> None:
    """Says beforehand what the figures will not tell."""
    if options.data is None and has_trained(options.calibration, spec):
        log.warning(
            "images of %s trained the model, so the accuracies are flattered, though not their difference: "
            "name others with --data", options.calibration.name,
        )  # fmt: skip
    machine = describe_machine()
    if machine.emulated:
        log.warning("%s, and the choice rests on them", EMULATED)
    if unlike_this_machine(options.target, machine.instruction_sets, machine.architecture):
        log.warning("times are those of this CPU, which is no %s: measure on one with cnnkit bench", options.target)


def _warn_of_memory(model: Path, images: int) -> None:
    """Says before it starts where the memory that is free will hardly do."""
    needed = _MEMORY + _COPIES * model.stat().st_size + images
    free = free_memory()
    if free is not None and free < needed:
        log.warning(
            "quantizing takes about %.1f GiB of memory, %.1f GiB are free: close other programs, or draw fewer images "
            "with --calibration-size", needed / 2**30, free / 2**30,
        )  # fmt: skip


def _spec_of_float(path: Path) -> ModelSpec:
    """Returns the spec of a float model after checking that it is one."""
    spec = read_spec_of(path)
    graph = load_graph(path)
    operators = {node.op_type for node in graph.graph.node}
    said = spec is not None and spec.quantization is not None and spec.quantization.precision != "float32"
    if operators & _QUANTIZED or said:
        raise ModelError(f"{path} is quantized already, expected the float32 model that it was made from")
    if spec is None:
        raise SpecError(
            f"{path} carries no model spec, so how to prepare images for it is unknown: "
            "export the Keras model with cnnkit export, or say it with cnnkit stamp, which write it into the file"
        )
    return replace(spec, quantization=None)
