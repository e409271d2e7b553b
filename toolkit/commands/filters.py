"""`cnnkit filters`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import max_pixels_option, overwrite_option, size, steps
from cnnkit.filters import KERNELS


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A .png file.")
@click.option(
    "--kernel",
    "names",
    multiple=True,
    metavar="KERNEL",
    help=f"{', '.join(KERNELS)}; one of your own such as '0,-1,0;-1,5,-1;0,-1,0', or a file with a row a line; "
    "repeatable  [default: all that have a name].",
)
@click.option("--padding", type=click.IntRange(0), default=0, show_default=True, help="Zeros around the photo.")
@click.option("--stride", type=steps, default="1", show_default=True, help="Of the kernel; 2x1 is 2 down, 1 right.")
@click.option(
    "--pool", type=click.Choice(["max", "average"]), default="max", show_default=True, help="How a window is pooled."
)
@click.option("--pool-size", type=size, default="2", show_default=True, help="HEIGHTxWIDTH of the pooling window.")
@click.option("--pool-stride", type=steps, help="Of the window; 2x1 is 2 down, 1 right  [default: the window's size].")
@click.option(
    "--size", type=size, default="512", show_default=True, help="Shrink the photo to fit HEIGHTxWIDTH, aspect kept."
)
@max_pixels_option
@overwrite_option
def command(
    photo: Path, output: Path, names: tuple[str, ...], max_pixels: int | None, overwrite: bool, **options: Any
) -> None:
    """Show what classic kernels make of a photo.

    Draws each kernel, the photo convolved with it as a CNN does (the kernel is not flipped), and the result pooled.
    """
    from cnnkit.filters import FilterOptions, check_picture, draw_filtered, filter_photo, find_kernel
    from cnnkit.images import DEFAULT_MAX_PIXELS
    from cnnkit.system import print_text, require

    require("cnnkit filters", "train", "matplotlib")
    check_picture(output, photo, overwrite=overwrite)
    kernels = tuple(map(find_kernel, dict.fromkeys(names or KERNELS)))
    filtered = filter_photo(photo, FilterOptions(kernels, max_pixels=max_pixels or DEFAULT_MAX_PIXELS, **options))
    draw_filtered(filtered, output)
    height, width = filtered.gray.shape
    count = f"{len(kernels)} kernel{'s'[: len(kernels) > 1]}"
    print_text(f"{output}: {count} on {filtered.source}, {height}x{width} gray")
