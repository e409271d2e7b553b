"""`cnnkit demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="A new folder for what is made  [default: cnnkit-demo]."
)
def command(out: Path | None) -> None:
    """Run the whole chain on embedded data.

    Trains a small CNN on handwritten digits, exports, quantizes, verifies and benches it, and predicts with it.
    """
    from cnnkit.commands.demo_steps import make_demo_folder, run_steps
    from cnnkit.runtime import import_keras, import_onnxruntime
    from cnnkit.system import import_cv2, print_text, require, warnings_only

    require("cnnkit demo", "all", "keras", "tensorflow", "sklearn", "matplotlib", "tf2onnx", "onnx")
    import_keras("cnnkit demo")
    import_onnxruntime()
    import_cv2()
    folder = make_demo_folder(out)
    with warnings_only():  # a line a step is enough; -v shows all
        for line in run_steps(folder):
            print_text(line)
    print_text(f"{'done':<9} everything is in {folder.path}")
