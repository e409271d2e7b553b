"""What the command of every measurement prints, shortened, and the figures that are read from it."""

from __future__ import annotations

from typing import Any

from printed_benches import ANSWERS, BENCH, INT8, RUNTIMES, TIMES, WITHOUT_DATA, contender, ratio
from printed_photos import PRINTED_OF_PHOTOS

WITH_DATA = (
    RUNTIMES,
    [
        "1.31 (95 % interval 1.30 to 1.32, n = 2,000)",
        [times + answers for times, answers in zip(TIMES, ANSWERS, strict=True)],
    ],
)

FOLDER_OF_224 = {
    "n": 5,
    "over": {
        "plain loop": {"ratio": 1.31, "low": 1.25, "high": 1.4},
        "network alone": {"ratio": 0.97, "low": 0.93, "high": 1.01},
    },
}


def over(*values: float) -> Any:
    return dict(zip(("ratio", "low", "high"), values, strict=True))


def emulated(core: str, file: str, changes: int, differing: int, worst: float) -> Any:
    found = {"images": 200, "label_changes": changes, "differing": differing, "max_probability_difference": worst}
    return {"core": core, "file": file} | found


EMULATED = (
    ("cortex-a53", "best.int8.onnx", 0, 92, 3e-4),
    ("max", "best.int8.onnx", 0, 190, 2.96e-4),
    ("max", "best.onnx", 1, 150, 6e-7),
)
STARTUP = {
    "n": 21,
    "ratios": [
        ratio("cnnkit predict", "ten lines", 1.176, 1.11, 1.24),
        ratio("cnnkit --help", "import click", 1.2, 1.17, 1.23),
    ],
}
PHOTOS = {
    "n": 5,
    "over": {
        "cnnkit": over(1, 1, 1),
        "plain loop": over(17.04, 16.5, 17.5),
        "decoding alone, 2 threads": over(0.98, 0.93, 1.02),
    },
    "labels_changed": 1,
    "images": 200,
    "low": 0.0009,
    "high": 0.0278,
}
TRAINED = {
    "n": 7,
    "pairs": [
        {"name": "bn3, group A's augmentation / ImageDataGenerator", **over(1.81, 1.72, 2.01)},
        {"name": "bn3, flip and shift / plain fit without", **over(1.44, 1.08, 1.48)},
        {"name": "resnet8, flip and shift / plain fit without", **over(1.36, 1.07, 2.03)},
    ],
}
QUANTIZED = {"seconds": 41.7, "peak_mib": 400.0, "bytes_before": 1_105_550, "bytes_after": 308_000}
PARITY = {
    "images": 64,
    "networks": [
        {"name": "resnet8", "max_probability_difference": 3e-6, "logit_difference": 2e-4, "label_changes": 0},
        {"name": "vgg3", "max_probability_difference": 8.71e-5, "logit_difference": 1e-5, "label_changes": 0},
    ],
}
VERIFIED = {
    "stages": [
        {"name": "onnxruntime", "images": 16, "max_probability_difference": 1e-3, "label_changes": 1},
        {"name": "float32", "images": 256, "max_probability_difference": 7.15e-7, "label_changes": 0},
    ]
}
RAY = {"rows": 40_000, "shards": 40, "lost": 0, "doubled": 0, "as_locally": True, "shards_before_kill": 20}
TESTED = """collected 1801 items
Name                                  Stmts   Miss  Cover
toolkit/cli.py                           61      2    97%
---------------------------------------------------------
TOTAL                                  7618    152    98%

27 files skipped due to complete coverage.
"""

# Measurement -> what its last command prints, where it is a script on the last line, and the figures in their order.
SILENT = {"TIFF, packed": 8, "WebP": 44, "JPEG": 52, "PNG": 0, "GIF": 6, "BMP": 204, "TIFF, plain": 190}
PRINTED: dict[str, tuple[Any, list[Any]]] = {
    "float32": (
        {"contenders": [contender("best", right=0.889)]},
        ["88.90 % (95 % interval 88.27 to 89.50)"],
    ),
    "int8": (
        INT8,
        [
            "88.91 % (88.28 to 89.51), the same label on 99.45 %",
            "-0.01 points (paired 95 % interval -0.14 to 0.12)",
        ],
    ),
    "quantize": (QUANTIZED, ["1,105,550 and 308,000 bytes, 0.28 x", "42 s without fine-tuning (n = 1)"]),
    "quantize-ResNet50V2": (QUANTIZED, ["42 s, 0.39 GiB of memory in all (n = 1)"]),
    "quantize-lite0": (
        {
            "seconds": 121.7,
            "peak_mib": 1425.0,
            "chosen": {
                "name": "u8s8-pairs",
                "ratio": 0.4612,
                "agreement": 0.992,
                "images": 250,
                "drop": {"value": -0.004, "low": -0.0174, "high": 0.0095},
            },
        },
        [
            "122 s, 1.39 GiB of memory in all (n = 1)",
            "0.46 x float32, -0.40 points lost (-1.74 to 0.95), same label 99.20 % (n = 250)",
        ],
    ),
    "quantize-vgg3_bn": (QUANTIZED, ["1,105,550 and 308,000 bytes, 0.28 x"]),
    "export": (VERIFIED, ["7.2e-07, no label changed (n = 256)"]),
    "parity": (PARITY, ["8.7e-05, no label changed (2 networks)", "2.0e-04"]),
    "runtimes": WITH_DATA,
    "runtimes-avx2": WITH_DATA,
    "runtimes-vgg3_bn": (WITHOUT_DATA, [TIMES]),
    "runtimes-MobileNetV3Small": (WITHOUT_DATA, [TIMES]),
    "runtimes-MobileNetV2": (WITHOUT_DATA, [TIMES]),
    "runtimes-MobileNetV2-avx2": (WITHOUT_DATA, [TIMES]),
    "runtimes-lite0": WITH_DATA,
    "runtimes-lite0-avx2": WITH_DATA,
    "latency": (BENCH, ["0.53 (95 % interval 0.51 to 0.56, n = 987)"]),
    "latency-one-thread": (BENCH, ["0.53 (95 % interval 0.51 to 0.56, n = 987)"]),
    "latency-keras": (
        BENCH,
        ["357 (95 % interval 334 to 390, n = 662)", "14.3 (95 % interval 13.8 to 14.8, n = 1,000)"],
    ),
    "contenders": (
        BENCH,
        [
            "0.124, 0.236, 1.77 and 44.2 ms (medians, n = 662 to 1,000)",
            [
                "| contender | p50 ms | p90 ms | p99 ms | runs | images/s, batch 64 | size | peak memory |",
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
                "| best predict | 44.2 | 0.200 | - | 662 | 13,300 | 351 kB | 77.0 MB |",
                "| best function | 1.77 | 0.200 | - | 1,000 | 13,300 | 351 kB | 77.0 MB |",
                "| best.int8 | 0.124 | 0.200 | - | 1,000 | 13,300 | 351 kB | 77.0 MB |",
                "| best | 0.236 | 0.200 | - | 987 | 13,300 | 351 kB | 77.0 MB |",
            ],
        ],
    ),
    "startup": (
        STARTUP,
        ["1.18 (95 % interval 1.11 to 1.24, n = 21)", "1.20 (95 % interval 1.17 to 1.23, n = 21)"],
    ),
    "photos": (
        PHOTOS,
        ["17.0 (n = 5, 16.5 to 17.5)", "0.98 (n = 5, 0.93 to 1.02)", "0.5 % (95 % interval 0.1 to 2.8)"],
    ),
    "folder-lite0-float32": (FOLDER_OF_224, ["1.31 (n = 5, 1.25 to 1.40)", "0.97 (n = 5, 0.93 to 1.01)"]),
    "folder-lite0-int8": (FOLDER_OF_224, ["1.31 (n = 5, 1.25 to 1.40)", "0.97 (n = 5, 0.93 to 1.01)"]),
    "tiny": ({"n": 5, "over": {"plain loop": over(0.84, 0.76, 0.93)}}, ["0.84 (n = 5, 0.76 to 0.93)"]),
    "resume": (
        {"killed": 4, "rows": 100_000, "as_inputs": True},
        ["no row lost or doubled of 100,000 (killed 4 times)"],
    ),
    "paths": (
        {"stdin_more_bytes": 20_480, "folder_bytes_a_name": 88.2},
        ["0.0 MB (n = 1)", "88 bytes a name (n = 1)"],
    ),
    "damaged": (
        {"files": 5000, "rows": 5000, "refused": 3453},
        ["no crash, 1,547 predicted, 3,453 with the reason why not"],
    ),
    "layouts": ({"layouts": 606, "equal": 606}, ["all of 606"]),
    "damage": (
        {"formats": [{"format": name, "n": 1000, "silent": silent} for name, silent in SILENT.items()]},
        [
            "0.8 %, 4.4 % (n = 1,000 each)",
            "5.2 %, 0.0 %, 0.6 % (n = 1,000 each)",
            "20.4 %, 19.0 % (n = 1,000 each)",
        ],
    ),
    "image-memory": (
        {"pixels": 178_956_970, "peaks": {"PNG, RGB": 1.08e9, "GIF": 1.44e9}},
        ["1.44 GB (GIF; n = 2 kinds)"],
    ),
    "ray": (
        RAY,
        ["40,000 rows, none lost or doubled, the same as on one machine", "20 of 40"],
    ),
    "schemes": (
        {
            "u8s8-pairs": {
                "images": 440,
                "same_label": [0.98864, 0.9737, 0.9951],
                "drop": [-0.0023, -0.0122, 0.0077],
                "bytes": [18539306, 5043541],
                "haswell": {"images": 50, "changed": 0, "worst": 4.8e-07},
            },
            "u8s8-7bit-percentile": {"same_label": [0.95, 0.9255, 0.9668]},
            "u8s8": {"haswell": {"images": 50, "changed": 2, "worst": 0.46}},
        },
        [
            "98.86 % (97.37 to 99.51, n = 440); in 7 bits 95.00 %",
            "-0.23 points (paired 95 % interval -1.22 to 0.77, n = 440)",
            "0 of 50, worst 5e-07; `u8s8`: 2",
            "18,539,306 and 5,043,541 bytes, 0.27 x",
        ],
    ),
    "webcam-age": ({"p50_ms": 17.2, "p99_ms": 33.8, "n": 595}, ["median 17 ms, p99 34 ms (n = 595)"]),
    "webcam-overhead": (
        {"extra_ms": 0.012, "low": -0.02, "high": 0.06, "n": 11},
        ["0.01 ms a frame (n = 11, -0.02 to 0.06)"],
    ),
    "webcam-stall": (
        {"stalls": 5, "old": 0, "given": 678, "oldest_ms": 321.0},
        ["0 of 678 (5 stalls), oldest 321 ms"],
    ),
    "webcam-torn": (
        {"torn": 100, "given": 0, "whole": 200, "whole_given": 200},
        ["0 of 100; 200 of 200 whole ones"],
    ),
    "webcam-udp": (
        {"damaged": 341, "passed": 0, "whole": 190, "refused": 12},
        ["0.0 % (n = 341); 6.3 % of 190 whole ones left out"],
    ),
    "webcam-kill": ({"n": 5, "missing_s": 0.96, "all_s": [0.96]}, ["0.96 s at most (n = 5)"]),
    "webcam-many": (
        {"share": 0.99917, "growth_mib": 0.6, "cpus": 0.19, "n": 4796},
        ["99.92 % (n = 4,796), 0.19 processors busy", "+0.6 MiB (n = 1)"],
    ),
    "actions": (
        {
            "changes": 199,
            "webhook": {"lost": 0, "doubled": 0, "said": 0},
            "mqtt": {"lost": 1, "doubled": 2, "said": 2},
        },
        ["0 of 199; none told twice", "1 of 199; 2 told twice, said of 2"],
    ),
    "secrets": ({"n": 10_000, "different": 9_990, "leaks": 0, "characters": 7}, ["0 of 10,000"]),
    "webcam-memory": ({"growth_mib": 1.04}, ["+1.0 MiB (n = 1)"]),
    "training": (
        TRAINED,
        ["1.81 (n = 7, 1.72 to 2.01)", "1.44 (n = 7, 1.08 to 1.48)", "1.36 (n = 7, 1.07 to 2.03)"],
    ),
    "demo": ("train     90.0 %\ndone      everything is in cnnkit-demo\n", ["43 s (n = 1)"]),
    "coverage": (TESTED, ["98 %"]),
    "training-gpu": (
        {
            "gpus": ["NVIDIA H200"],
            "ratios": [
                over(0.96, 0.95, 0.98) | {"over": "its calls alone", "n": 9},
                over(1.45, 1.02, 1.59) | {"over": "one step a call", "n": 9},
            ],
        },
        ["0.96 (n = 9, 0.95 to 0.98), NVIDIA H200", "1.45 (n = 9, 1.02 to 1.59), NVIDIA H200"],
    ),
    "bench": (
        {
            "cost": {"ratio": 1.0041, "low": 0.982, "high": 1.02, "n": 7},
            "agreement": {"ratio": 0.998, "low": 0.97, "high": 1.03, "n": 7},
            "default_s": 4.31,
            "everything_s": 98.2,
            "page_bytes": 26_056,
        },
        [
            "1.00 (n = 7, 0.98 to 1.02)",
            "1.00 (n = 7, 0.97 to 1.03)",
            "4.31 s (n = 1)",
            "98.2 s, a page of 26 kB (n = 1)",
        ],
    ),
    "arm": (
        {"images": 200, "emulated": [emulated(*one) for one in EMULATED]},
        ["no label changed, 3.0e-04 (2 emulated CPUs, n = 200)", "1 label changed, 6.0e-07 (1 emulated CPU, n = 200)"],
    ),
    "photos-memory": ({"images": 5_000, "difference_gib": 0.351}, ["0.35 GiB (n = 1)"]),
    "training-memory": ({"images": 100_000, "difference_gib": 0.351}, ["0.35 GiB (n = 1)"]),
    **PRINTED_OF_PHOTOS,
}
