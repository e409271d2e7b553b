"""`cnnkit webcam`."""

from __future__ import annotations

from typing import Any

import click

from cnnkit.commands import options as shared
from cnnkit.commands.input_options import input_options
from cnnkit.commands.webcam_options import limit_options, output_options, source_options, view_options


@click.command()
@source_options
@shared.model_option
@view_options
@output_options
@limit_options
@shared.threads_option
@shared.provider_option
@input_options
def command(list_cameras: bool, **options: Any) -> None:
    """Classify a camera or a video, live.

    Works on the newest frame only, and plays a video file at its own rate like a camera. A camera that gives no picture
    is opened again until it does. Without a display, or with --headless, a JSON line is printed for each change.

    In the window: q or Esc quits, space pauses, s saves the frame, r begins or ends a recording. Ctrl-C quits
    everywhere.
    """
    if list_cameras:
        from cnnkit.live.camera_list import print_cameras

        print_cameras()
        return
    from cnnkit.commands.webcam_options import webcam_options
    from cnnkit.live.webcam import run_webcam
    from cnnkit.messages import log

    log.info("%s", run_webcam(webcam_options(**options)))
