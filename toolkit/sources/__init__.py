"""Where images and frames come from: files, folders, cameras, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.sources.address import Address as Address, parse_address as parse_address
    from cnnkit.sources.calibration_images import (
        CalibrationSet as CalibrationSet,
        calibration_paths as calibration_paths,
        calibration_size as calibration_size,
        draw_balanced as draw_balanced,
        read_calibration as read_calibration,
        warn_of as warn_of,
    )
    from cnnkit.sources.cameras import cameras_present as cameras_present, list_cameras as list_cameras
    from cnnkit.sources.class_folders import (
        LabelledFiles as LabelledFiles,
        LabelledImages as LabelledImages,
        class_names as class_names,
        has_trained as has_trained,
        list_class_folder as list_class_folder,
        list_images as list_images,
        none_readable as none_readable,
        read_images as read_images,
        read_in_batches as read_in_batches,
        read_labelled as read_labelled,
        stop_at_failures as stop_at_failures,
        strangers_error as strangers_error,
        test_split as test_split,
    )
    from cnnkit.sources.files import STDIN as STDIN, SourceOptions as SourceOptions, expand_sources as expand_sources
    from cnnkit.sources.found import FoundImage as FoundImage
    from cnnkit.sources.frames import Fault as Fault, Frame as Frame
    from cnnkit.sources.grouping import group_names as group_names
    from cnnkit.sources.kinds import (
        is_archive as is_archive,
        is_hidden as is_hidden,
        is_video as is_video,
        is_web_address as is_web_address,
        shown_source as shown_source,
    )
    from cnnkit.sources.layouts import Layout as Layout, find_layout as find_layout, folder_names as folder_names
    from cnnkit.sources.listed_folders import (
        is_listed as is_listed,
        list_listed as list_listed,
        list_some_images as list_some_images,
        list_test_files as list_test_files,
        list_test_images as list_test_images,
    )
    from cnnkit.sources.moving import (
        USUAL_LIMITS as USUAL_LIMITS,
        CameraSettings as CameraSettings,
        TimeLimits as TimeLimits,
    )
    from cnnkit.sources.newest import FrameSource as FrameSource
    from cnnkit.sources.source_file import read_source_file as read_source_file
    from cnnkit.sources.spelling import some_classes as some_classes
    from cnnkit.sources.splitting import SplitShares as SplitShares, split_folder as split_folder
    from cnnkit.sources.video import (
        AS_USUAL as AS_USUAL,
        OpeningOptions as OpeningOptions,
        Video as Video,
        open_video as open_video,
    )
    from cnnkit.sources.web import web_image as web_image
else:
    __getattr__ = hand_on(
        __name__,
        {
            "address": ("Address", "parse_address"),
            "calibration_images": (
                "CalibrationSet",
                "calibration_paths",
                "calibration_size",
                "draw_balanced",
                "read_calibration",
                "warn_of",
            ),
            "cameras": ("cameras_present", "list_cameras"),
            "class_folders": (
                "LabelledFiles",
                "LabelledImages",
                "class_names",
                "has_trained",
                "list_class_folder",
                "list_images",
                "none_readable",
                "read_images",
                "read_in_batches",
                "read_labelled",
                "stop_at_failures",
                "strangers_error",
                "test_split",
            ),
            "files": ("STDIN", "SourceOptions", "expand_sources"),
            "found": ("FoundImage",),
            "frames": ("Fault", "Frame"),
            "grouping": ("group_names",),
            "kinds": ("is_archive", "is_hidden", "is_video", "is_web_address", "shown_source"),
            "layouts": ("Layout", "find_layout", "folder_names"),
            "listed_folders": ("is_listed", "list_listed", "list_some_images", "list_test_files", "list_test_images"),
            "newest": ("FrameSource",),
            "source_file": ("read_source_file",),
            "spelling": ("some_classes",),
            "splitting": ("SplitShares", "split_folder"),
            "moving": ("USUAL_LIMITS", "CameraSettings", "TimeLimits"),
            "video": ("AS_USUAL", "OpeningOptions", "Video", "open_video"),
            "web": ("web_image",),
        },
    )
