"""Candidates that are worth their making only once others were measured: fine-tuned ones, and ones partly in float."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Classifier
from cnnkit.errors import SourceError, UsageError, one_line
from cnnkit.export.finetuning import finetune
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.original import load_again
from cnnkit.export.quantization.candidates import Candidate, Workshop
from cnnkit.export.quantization.choosing import (
    Limits,
    about_as_fast,
    agreement,
    choose,
    closest,
    is_faster,
    near_miss,
)
from cnnkit.export.quantization.jury import Jury
from cnnkit.export.quantization.measuring import Measured, measure_candidates
from cnnkit.export.quantization.own_weights import make_pair_safe
from cnnkit.export.quantization.saturation import saturating_layers
from cnnkit.export.quantization.schemes import FINETUNED, FLOAT32, SAFE, Scheme
from cnnkit.export.quantization.sensitivity import SECONDS, mixed_candidates, rank_layers
from cnnkit.sources import calibration_paths
from cnnkit.spec import ModelSpec
from cnnkit.system import log, require, sha256

_LONGEST_REASON = 300  # characters
_RESCUE_SECONDS = 120.0  # of learning that nobody asked for


@dataclass(frozen=True)
class Further:
    """What further candidates are made of and measured with."""

    options: QuantizeOptions
    workshop: Workshop
    spec: ModelSpec
    images: NDArray[np.uint8]  # (N, height, width, channels) that calibrated
    jury: Jury
    lessons: tuple[Path, ...]  # images to fine-tune on; empty where that is not asked for

    def finetuned(self, measured: tuple[Measured, ...]) -> tuple[Measured, ...]:
        """Adds the fastest integers, or those of `options.scheme`, fine-tuned.

        Raises:
            UsageError: The scheme cannot be fine-tuned.
            ModelError: There is no gradient through the graph.
            DataError: None of the lessons can be used.
        """
        pupil = self._pupil(measured)
        scheme = None if pupil is None else pupil.candidate.scheme
        if pupil is None or scheme is None:
            log.warning("no integers are faster than float32 on this CPU: nothing is fine-tuned")
            return measured
        log.info("fine-tuning %s on %d images", scheme.name, len(self.lessons))
        return (*measured, self._measure(measured[0], pupil, self._taught(measured[0], scheme, self.lessons)))

    def rescued(self, measured: tuple[Measured, ...], limits: Limits) -> tuple[Measured, ...]:
        """Adds what misses the limits by little, or keeps them by little, fine-tuned on the calibration folder.

        Not where it would be judged by the images that it learnt from, nor where Keras is missing.
        """
        able = [one for one in measured if _can_be_finetuned(one)]
        missed = near_miss(able, choose(measured, limits).chosen, limits)
        scheme = None if missed is None else missed.candidate.scheme
        if missed is None or scheme is None or self.jury.calibrated or not _can_learn():
            return measured
        log.info(
            "%s is about at the limits: it learns from the calibration folder, for %d s at most",
            missed.candidate.name, _RESCUE_SECONDS,
        )  # fmt: skip
        lessons = tuple(calibration_paths(self.options.calibration))
        try:
            made = self._taught(measured[0], scheme, lessons, _RESCUE_SECONDS)
        except Exception as error:  # noqa: BLE001 - of Keras, too: what was measured is not lost for what nobody asked for
            log.warning("it does not learn (%s): %s", type(error).__name__, one_line(str(error))[:_LONGEST_REASON])
            return measured
        return (*measured, self._measure(measured[0], missed, made))

    def _taught(
        self, floating: Measured, scheme: Scheme, lessons: tuple[Path, ...], seconds: float | None = None
    ) -> Candidate:
        """Returns a scheme's candidate after it has learnt from images."""
        graph, quantizer = self.workshop.quantized(scheme)
        was_safe = not saturating_layers(graph)
        hashes = frozenset(sha256(path) for path in self.jury.paths if path.is_file())
        steps = finetune(
            graph, quantizer.prepared, scheme.bits, self._teacher(floating.candidate), lessons, hashes,
            steps=self.options.finetune_steps, seed=self.options.seed, seconds=seconds, strict=self.options.strict,
        )  # fmt: skip
        if was_safe:
            make_pair_safe(graph)
        described = f"{scheme.describe()}, fine-tuned for {steps} steps"
        return self.workshop.keep(graph, scheme, name=scheme.name + FINETUNED, description=described)

    def mixed(self, measured: tuple[Measured, ...], limits: Limits) -> tuple[Measured, ...]:
        """Adds candidates of which some layers stay in float, where integers are faster and none is right enough."""
        faster = [one for one in measured if is_faster(one) and one.candidate.scheme and not one.candidate.refused]
        if choose(measured, limits).chosen.candidate.name != FLOAT32 or not faster:
            return measured
        scheme = max(faster, key=agreement).candidate.scheme
        if scheme is None:
            return measured
        log.info("no candidate is within the limits: looking for the layers that hurt most")
        ranked = rank_layers(self.workshop, scheme, measured[0].candidate.open(self.options.threads), self.images)
        started = time.perf_counter()
        for candidate in mixed_candidates(self.workshop, scheme, ranked):
            mixed = self._measure(measured[0], measured[0], candidate)
            measured = (*measured, mixed)
            if mixed.ratio >= 1 or choose(measured, limits).chosen is mixed:
                break
            if time.perf_counter() - started > SECONDS:
                log.info("no more layers are tried in float: %d s are enough", SECONDS)
                break
        return measured

    def _pupil(self, measured: tuple[Measured, ...]) -> Measured | None:
        """Returns what is fine-tuned: the scheme asked for, or of the fastest able ones the closest to float32."""
        able = [one for one in measured if _can_be_finetuned(one)]
        if self.options.scheme is None:
            faster = [one for one in able if is_faster(one) and not one.candidate.refused]
            return closest(about_as_fast(faster)) if faster else None
        if not able:
            raise UsageError(f"--scheme {self.options.scheme} cannot be fine-tuned, expected one such as {SAFE}")
        return able[0]

    def _measure(self, floating: Measured, beside: Measured, candidate: Candidate) -> Measured:
        """Measures a candidate in a run of its own, beside one that was measured already and says how runs compare."""
        both = tuple(dict.fromkeys((floating.candidate, beside.candidate)))
        *known, one = measure_candidates((*both, candidate), self.jury, self.images[:1], self.options.threads)
        latency_ms = beside.latency_ms * one.latency_ms / known[-1].latency_ms
        return replace(one, latency_ms=latency_ms, ratio=latency_ms / floating.latency_ms)

    def _teacher(self, floating: Candidate) -> Classifier:
        """Returns the Keras original where it is named, else the float32 file, which answers alike."""
        return floating.open(None) if self.options.original is None else load_again(self.options.original, self.spec)


def learnt_from(options: QuantizeOptions) -> tuple[Path, ...]:
    """Returns the images of the folder that is to be learnt from, of its `train` folder where there is one.

    Raises:
        SourceError: There is no such folder, or none in it.
        MissingExtraError: Keras or its backend is not installed.
    """
    if options.finetune is None:
        return ()
    require("cnnkit quantize --finetune", "export", "keras", os.environ.get("KERAS_BACKEND", "tensorflow"))
    paths = tuple(calibration_paths(options.finetune, flag="--finetune"))
    if not paths:
        raise SourceError(f"--finetune {options.finetune} holds no image, expected thousands of the kind it will see")
    return paths


def _can_learn() -> bool:
    """Whether Keras and its backend are installed."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return all(find_spec(module) is not None for module in ("keras", backend))


def _can_be_finetuned(one: Measured) -> bool:
    scheme = one.candidate.scheme
    if scheme is None or one.candidate.floats:
        return False
    return scheme.operators == "qdq" and not scheme.equalized and scheme.activations != "u16"
