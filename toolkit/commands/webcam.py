"""`cnnkit webcam`."""

from __future__ import annotations

from typing import Any

import click

from cnnkit.commands.options import (
    action_options,
    input_options,
    limit_options,
    model_option,
    provider_option,
    threads_option,
    view_options,
    webcam_output_options,
    webcam_source_options,
)


@click.command()
@webcam_source_options
@model_option
@view_options
@webcam_output_options
@action_options
@limit_options
@threads_option
@provider_option
@input_options
@click.pass_context
def command(context: click.Context, /, list_cameras: bool, systemd: bool, **options: Any) -> None:
    """Classify a camera or a video, live.

    Works on the newest frame only, and plays a video file at its own rate like a camera. A camera that gives no picture
    is opened again until it does. Without a display, or with --headless, a JSON line is printed for each change.

    In the window: q or Esc quits, space pauses, s saves the frame, r begins or ends a recording. Ctrl-C quits
    everywhere.
    """
    if list_cameras:
        from cnnkit.live import print_cameras

        print_cameras()
        return
    if systemd:
        from cnnkit.commands.options import webcam_options, webcam_service
        from cnnkit.live import print_service

        webcam_options(**{**options, "source_file": None})  # refuses what a service would be refused
        print_service(webcam_service(context))
        return
    from cnnkit.live import stop_on_signals

    with stop_on_signals() as stop:  # from now on, for what follows takes a moment
        from cnnkit.commands.options import webcam_options
        from cnnkit.live import run_webcam
        from cnnkit.system import log

        summary = run_webcam(webcam_options(**options), stop=stop)
    log.info("%s", summary)
    if summary.failed:
        click.get_current_context().exit(1)
