"""`cnnkit quantize`: make candidates, measure them, choose, and write the chosen one with the evidence in its spec."""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from cnnkit.errors import ParityError, UsageError
from cnnkit.export.graph import load_graph, opset_of, write_model
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.quantization.batching import images_at_once
from cnnkit.export.quantization.beforehand import check_scheme, spec_of_float, warn_beforehand
from cnnkit.export.quantization.candidates import Failed, Workshop
from cnnkit.export.quantization.choosing import Decision, Limits, agreement, can_tell, choose, near_miss, objection
from cnnkit.export.quantization.effects import Effect
from cnnkit.export.quantization.further import Further, learnt_from
from cnnkit.export.quantization.heats import measure_in_heats
from cnnkit.export.quantization.held_out import HeldOut, choose_held_out
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.measuring import Measured, measure_candidates
from cnnkit.export.quantization.odds import difference_ceiling, usual_change
from cnnkit.export.quantization.regrouping import regroup
from cnnkit.export.quantization.schemes import FINETUNED, FLOAT32, resolve_target
from cnnkit.export.quantization.telling import with_telling_golden
from cnnkit.export.quantization.tolerances import straying, tolerance_for
from cnnkit.machine import cpu_name, describe_machine
from cnnkit.runtime import OnnxClassifier, ceiling_of
from cnnkit.sources import CalibrationSet, calibration_size, read_calibration
from cnnkit.spec import ModelSpec, Quantization
from cnnkit.system import check_new_file, check_other_file, log, require


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
        """How the chosen candidate answers; None for float32."""
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
    check_scheme(options)
    lessons = learnt_from(options)
    for precision in ("int8", "float16", "float32"):  # any of them may be chosen
        check_other_file(_target_path(options, precision), options.model)
        check_new_file(_target_path(options, precision), overwrite=options.overwrite)
    spec = spec_of_float(options.model)
    wanted = options.calibration_size
    size = wanted if options.data is not None else calibration_size(options.calibration, wanted)
    calibration = read_calibration(options.calibration, size, spec.input, options.seed, strict=options.strict)
    OnnxClassifier(options.model).probabilities(calibration.images[:1])  # a file that cannot be run is refused here
    held_out = choose_held_out(options, calibration.hashes, spec)
    warn_beforehand(options, spec, calibration.images.nbytes)
    if lessons and held_out is None:
        raise UsageError("--finetune needs images to measure what it brings: name others than calibrate with --data")
    machine = describe_machine()
    target = resolve_target(options.target, machine.instruction_sets, machine.architecture)
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        workshop = Workshop(options.model, spec, calibration.images, target, Path(folder))
        jury = _jury(held_out, calibration, spec, images_at_once(workshop.quantizer.prepared))
        further = Further(options, workshop, spec, calibration.images, jury, lessons)
        measured, failed = _candidates(options, workshop, calibration, jury, further)
        decision, measured, final = _settle(options, spec, workshop, calibration, measured, jury)
        _suggest(options, measured, decision)
        return _write(options, final, decision, measured, failed)


def _jury(held_out: HeldOut | None, calibration: CalibrationSet, spec: ModelSpec, at_once: int) -> Jury:
    if held_out is not None:
        return Jury.of_held_out(held_out, spec.input, at_once)
    return Jury.of_calibration(calibration.images, at_once)


def _candidates(
    options: QuantizeOptions,
    workshop: Workshop,
    calibration: CalibrationSet,
    jury: Jury,
    further: Further,
) -> tuple[tuple[Measured, ...], tuple[Failed, ...]]:
    log.info("calibrating with %d images", len(calibration.images))
    made, failed = workshop.make_all(options.method, options.scheme)
    if options.scheme is not None and len(made) < 2:
        reason = failed[0].reason if failed else "it does not go with --calibration-method"
        raise UsageError(f"--scheme {options.scheme} cannot be applied to {options.model}: {reason}")
    log.info("measuring %d candidates on %s", len(made), jury.described)
    image, threads = calibration.images[:1], options.threads
    if options.scheme is None:
        measured = measure_in_heats(made, jury, image, threads, _limits(options))
    else:
        measured = measure_candidates(made, jury, image, threads)
    for doubt in jury.doubts(calibration.images):
        log.warning("%s", doubt)
    if further.lessons:
        measured = further.finetuned(measured)
    if options.scheme is None:
        measured = further.mixed(measured, _limits(options))
    if options.scheme is None and not further.lessons:
        measured = further.rescued(measured, _limits(options))
    return measured, failed


def _suggest(options: QuantizeOptions, measured: tuple[Measured, ...], decision: Decision) -> None:
    """Names the command that may bring a faster candidate within the limits that it misses narrowly."""
    learnt = options.finetune is not None or decision.chosen.candidate.name.endswith(FINETUNED)
    missed = None if learnt else near_miss(measured, decision.chosen, _limits(options))
    if missed is not None:
        told = f"{missed.candidate.name} gives the label of float32 on {agreement(missed):.2%}"
        words = ["cnnkit", "quantize", str(options.model), "--calibration", str(options.calibration)]
        words += ["--data", str(options.data)] if options.data is not None else []
        words += ["--finetune", str(options.calibration)]
        longer = " longer" if missed.candidate.name.endswith(FINETUNED) else ""
        log.info(
            "%s and takes %.2f x its time; learning%s may bring it nearer: %s",
            told, missed.ratio, longer, shlex.join(words),
        )  # fmt: skip


def _settle(
    options: QuantizeOptions,
    spec: ModelSpec,
    workshop: Workshop,
    calibration: CalibrationSet,
    measured: tuple[Measured, ...],
    jury: Jury,
) -> tuple[Decision, tuple[Measured, ...], ModelSpec]:
    """Decides, and once more without what is chosen as long as its golden answers stray.

    Returns:
        The decision, the candidates, and the spec of the file.

    Raises:
        ParityError: The scheme that was asked for strays.
    """
    floating = measured[0].candidate.open(None)
    while True:
        decision = _decide(options, measured, jury)
        decision, measured = regroup(workshop, decision, measured, calibration.images, options.threads)
        chosen = decision.chosen
        if chosen.candidate.name == FLOAT32:
            return decision, measured, _stamped(options, spec, calibration, decision, measured)
        model = chosen.candidate.open(None)
        usual = usual_change(floating, model, calibration.images)
        ranges = workshop.quantizer.ranges if chosen.candidate.precision == "int8" else None
        telling = with_telling_golden(spec, floating, usual, ranges)
        final = _stamped(options, telling, calibration, decision, measured, difference_ceiling(usual))
        why = straying(model, final)
        if not why:
            return decision, measured, replace(final, tolerance=tolerance_for(model, final))
        if options.force and options.scheme is not None:
            log.warning("%s: %s, and cnnkit verify will say so", options.scheme, why)
            return decision, measured, replace(final, tolerance=ceiling_of(final).tolerance)
        if options.scheme is not None:
            raise ParityError(f"--scheme {options.scheme}: {why}; no file was written, --force writes it all the same")
        log.warning("%s is not taken: %s", chosen.candidate.name, why)
        refused = replace(chosen, candidate=replace(chosen.candidate, refused=why))
        measured = tuple(refused if one is chosen else one for one in measured)


def _decide(options: QuantizeOptions, measured: tuple[Measured, ...], jury: Jury) -> Decision:
    if options.scheme is None:
        effect = max((one.effect for one in measured if one.effect), key=lambda effect: effect.images, default=None)
        if effect is not None and effect.drop is not None and not can_tell(effect.images, options.max_drop):
            log.warning(
                "%d images cannot tell a drop of %g points from chance: the drop seen is judged, not its interval",
                effect.images, 100 * options.max_drop,
            )  # fmt: skip
        decision = choose(measured, _limits(options))
    else:
        decision = _asked_for(options, measured)
    if jury.calibrated:
        decision = replace(decision, reason=f"{decision.reason}; judged by {jury.described}, which flatter")
    log.info("%s", decision.reason)
    return decision


def _asked_for(options: QuantizeOptions, measured: tuple[Measured, ...]) -> Decision:
    """Takes the scheme that is asked for, within the limits or by force.

    Raises:
        ParityError: It is beyond them, and is not forced.
    """
    asked = measured[-1]  # fine-tuned, where that was asked for too
    against = objection(asked, _limits(options))
    if against is not None and not options.force:
        raise ParityError(f"--scheme {options.scheme}: {against}; no file was written, --force writes it all the same")
    if against is not None:
        log.warning("%s: %s", asked.candidate.name, against)
    reason = f"{asked.candidate.name} was asked for; it takes {asked.ratio:.2f} x the time of float32"
    return Decision(asked, reason, {one.candidate.name: "not asked for" for one in measured[:-1]})


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
    ceiling: float | None = None,
) -> ModelSpec:
    """Returns the spec of the chosen file, its tolerance aside; the ceiling is that of a file that rounds."""
    chosen = decision.chosen
    candidate = chosen.candidate
    record = Quantization(
        scheme=candidate.description,
        calibration_images=len(calibration.images),
        calibration_fingerprint=calibration.fingerprint,
        cpu=cpu_name(),
        evaluation=_evaluation(options, chosen, ceiling),
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


def _evaluation(options: QuantizeOptions, chosen: Measured, ceiling: float | None) -> dict[str, float]:
    """Returns what the spec says of the chosen file's answers, and verify's ceiling rests on."""
    figures = {} if chosen.effect is None else chosen.effect.figures()
    if ceiling is None:
        return figures
    return {**figures, "difference_ceiling": ceiling, "min_agreement": options.min_agreement}


def _latency(chosen: Measured, measured: tuple[Measured, ...]) -> dict[str, float]:
    own = f"{chosen.candidate.precision}_ms"
    return {"float32_ms": measured[0].latency_ms, own: chosen.latency_ms, "ratio": chosen.ratio, "runs": chosen.runs}


def _limits(options: QuantizeOptions) -> Limits:
    return Limits(options.max_drop, options.min_agreement)


def _target_path(options: QuantizeOptions, precision: str) -> Path:
    return options.output or options.model.with_name(f"{options.model.stem}.{precision}.onnx")
