"""`cnnkit webcam`."""

from __future__ import annotations

from pathlib import Path

import click

from cnnkit.commands import options as shared


@click.command()
@click.option(
    "--source",
    "-s",
    default="0",
    show_default=True,
    help="A camera's index or device, a video file, or an http or rtsp address.",
)
@shared.model_option
@shared.top_k_option
@click.option("--headless", is_flag=True, help="No window: a JSON line for each frame on stdout.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="JSON lines in a file.")
@click.option("--record", type=click.Path(path_type=Path), help="Annotated video in a file such as out.mp4.")
@shared.overwrite_option
@click.option("--max-frames", type=click.IntRange(1), help="Stop after so many frames.")
@click.option("--fast", is_flag=True, help="Every frame of a video file, as fast as the model goes.")
@shared.threads_option
@shared.provider_option
def command(
    source: str,
    model: Path | None,
    top_k: int,
    headless: bool,
    output: Path | None,
    record: Path | None,
    overwrite: bool,
    max_frames: int | None,
    fast: bool,
    threads: int | None,
    provider: str,
) -> None:
    """Classify a camera or a video, live.

    Works on the newest frame only, and plays a video file at its own rate like a camera. In the window, q or Esc quits;
    so does Ctrl-C everywhere.
    """
    from cnnkit.live.webcam import WebcamOptions, run_webcam
    from cnnkit.messages import log

    options = WebcamOptions(
        source, model, threads, provider, top_k, headless, output, record, overwrite, max_frames, fast
    )
    log.info("%s", run_webcam(options))
