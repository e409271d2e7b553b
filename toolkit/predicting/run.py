"""`cnnkit predict`: opens models, sources and outputs, and brings them together."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnkit.classifier import Classifier
from cnnkit.predicting.counts import RunCounts
from cnnkit.predicting.options import NamedClassifier, Outcome, PredictOptions
from cnnkit.predicting.outputs import OutcomeSink, OutputOptions, open_outputs
from cnnkit.predicting.predictor import Predictor
from cnnkit.predicting.writing import with_reasons
from cnnkit.report import Columns, ReportOptions, open_report
from cnnkit.runtime import load_model, warn_of_provider
from cnnkit.sources import FoundImage, SourceOptions, expand_sources, is_archive, is_video

if TYPE_CHECKING:
    from cnnkit.foreign import Said
    from cnnkit.report import BegunFile
    from cnnkit.spec import ModelSpec

_DRAWN_BATCH = 8  # images of a batch where pictures of them are kept, which are large


@dataclass(frozen=True)
class PredictRun:
    """What `cnnkit predict` is asked to do."""

    sources: tuple[str, ...]
    models: tuple[Path, ...] = ()  # none takes the bundled one
    threads: int | None = None
    provider: str = "cpu"
    said: Said | None = None  # of models that carry no spec; None needs such that do
    mirrored: bool = False  # whether each image is answered together with its mirror image
    resume: bool = False  # whether to go on with the output of an interrupted run
    predict: PredictOptions = field(default_factory=PredictOptions)
    source: SourceOptions = field(default_factory=SourceOptions)
    report: ReportOptions = field(default_factory=ReportOptions)  # its columns and models are filled in here
    outputs: OutputOptions = field(default_factory=OutputOptions)


def open_models(run: PredictRun, *, checked: bool = True) -> list[NamedClassifier]:
    """Opens the models that are to answer; a provider other than the CPU first answers their golden images.

    Args:
        run: See there.
        checked: Whether the provider is; it need not be twice.

    Raises:
        UsageError: The provider is not available here.
        ModelError: A model cannot be used.
        SpecError: A model does not say what it takes.
    """
    paths: Sequence[Path | None] = run.models or (None,)
    models = []
    for path, name in zip(paths, model_names(run.models), strict=True):
        classifier = load_model(path, threads=run.threads, provider=run.provider, said=run.said).classifier
        if checked:
            warn_of_provider(classifier)
        models.append(NamedClassifier(_averaged(classifier) if run.mirrored else classifier, name))
    return models


def run_predict(run: PredictRun, models: Sequence[NamedClassifier]) -> RunCounts:
    """Predicts all that the sources name, and writes what comes of it.

    Args:
        run: See there.
        models: What `open_models` gives.

    Returns:
        How many images there were; those that failed have rows that say why.

    Raises:
        UsageError: Options contradict each other.
        ModelError: A model cannot be run.
        SourceError: There is nothing to predict.
        OutputError: Something cannot be written.
    """
    sinks = open_outputs(run.outputs, models=len(models), resume=run.resume)
    predictor, counts = _predictor(run, models, sinks), RunCounts()
    report = _report_options(run, models)
    images = counts.wanted(expand_sources(run.sources, sys.stdin.buffer, run.source))
    begun = _open_begun(report) if run.resume else None
    with open_report(report, None if begun is None else begun.file) as writer:
        if begun is not None:
            images = _skip_done(images, begun, predictor, counts, sinks)
        for answered in predictor.outcomes(images):
            outcomes: Sequence[Outcome] = answered
            for sink in sinks:  # before the rows, so that what has a row has everything else
                outcomes = with_reasons(outcomes, sink.add(outcomes))
            writer.write([row for outcome in outcomes for row in outcome.rows])
            counts.add(outcomes)
        counts.require_images(run.sources)
    for sink in sinks:
        sink.close()
    counts.log_all()
    return counts


def model_names(paths: Sequence[Path]) -> list[str | None]:
    """Returns what rows call the models: nothing where there is one, else the files' stems, or paths where those clash.

    Args:
        paths: Of the models; none for the bundled one.
    """
    if len(paths) < 2:
        return [None]
    stems = Counter(path.stem for path in paths)
    return [path.stem if stems[path.stem] == 1 else str(path) for path in paths]


def _averaged(classifier: Classifier) -> Classifier:
    from cnnkit.predicting.averaging import FlipAveraged

    return FlipAveraged(classifier)


def _predictor(run: PredictRun, models: Sequence[NamedClassifier], sinks: Sequence[OutcomeSink]) -> Predictor:
    def picture_side() -> int:
        return max((sink.picture_side for sink in sinks), default=0)

    on_one_thread = None if run.threads is not None else lambda: open_models(replace(run, threads=1), checked=False)
    keeps_frames = run.outputs.sort_into is not None
    size = min(run.predict.batch_size, _DRAWN_BATCH) if picture_side() or keeps_frames else run.predict.batch_size
    options = replace(run.predict, batch_size=size, keep_frames=keeps_frames)
    return Predictor(models, options, on_one_thread, picture_side)


def _report_options(run: PredictRun, models: Sequence[NamedClassifier]) -> ReportOptions:
    columns = Columns(
        top_k=max(_candidates(model.classifier.spec, run.predict.top_k) for model in models),
        member=any(map(is_archive, run.sources)),
        frame=any(map(is_video, run.sources)),
        model=len(models) > 1,
    )
    return replace(run.report, columns=columns, models=tuple(model.name for model in models if model.name))


def _candidates(spec: ModelSpec, top_k: int) -> int:
    """Returns how many candidates a row may have."""
    return len(spec.labels) if spec.independent else min(top_k, len(spec.labels))


def _open_begun(report: ReportOptions) -> BegunFile:
    from cnnkit.report import open_begun

    return open_begun(report)


def _skip_done(
    images: Iterator[FoundImage],
    begun: BegunFile,
    predictor: Predictor,
    counts: RunCounts,
    sinks: Sequence[OutcomeSink],
) -> Iterator[FoundImage]:
    from cnnkit.predicting.skipping import DoneImages

    return DoneImages(images, sinks).skip(begun, predictor, counts)
