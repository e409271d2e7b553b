"""What the operating system and the installation give: files, messages, optional packages, fast starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system.lazy import hand_on as hand_on

if TYPE_CHECKING:
    from cnnkit.system.addresses import (
        TypedAddress as TypedAddress,
        hide_secrets as hide_secrets,
        shown_address as shown_address,
        usable_address as usable_address,
    )
    from cnnkit.system.broken import broken_imports as broken_imports
    from cnnkit.system.connections import (
        basic_login as basic_login,
        digest_login as digest_login,
        http_opener as http_opener,
        tls_context as tls_context,
    )
    from cnnkit.system.ending import (
        ended_by_signals as ended_by_signals,
        hanging_threads_left_behind as hanging_threads_left_behind,
    )
    from cnnkit.system.extras import require as require
    from cnnkit.system.file_names import (
        as_argument as as_argument,
        safe_name as safe_name,
        safe_path as safe_path,
    )
    from cnnkit.system.files import (
        check_new_file as check_new_file,
        check_new_folder as check_new_folder,
        check_other_file as check_other_file,
        check_space as check_space,
        check_writable as check_writable,
        make_folder as make_folder,
        read_regular as read_regular,
        sha256 as sha256,
        whole_file as whole_file,
        write_bytes as write_bytes,
        write_text as write_text,
    )
    from cnnkit.system.head_in_time import UntilThen as UntilThen
    from cnnkit.system.importing import import_package as import_package
    from cnnkit.system.messages import log as log, show_messages as show_messages, warnings_only as warnings_only
    from cnnkit.system.opencv import import_cv2 as import_cv2, opencv_warnings as opencv_warnings
    from cnnkit.system.packages import ONNXRUNTIME as ONNXRUNTIME, OPENCV as OPENCV
    from cnnkit.system.parsing import parse_json as parse_json, parse_toml as parse_toml
    from cnnkit.system.repeats import repeats_counted as repeats_counted
    from cnnkit.system.startup import without_garbage_collection as without_garbage_collection
    from cnnkit.system.temporary import own_temporary_folder as own_temporary_folder
    from cnnkit.system.terminal import (
        data_stdout as data_stdout,
        print_data as print_data,
        print_text as print_text,
    )
    from cnnkit.system.text import MARK_BYTES as MARK_BYTES, decode_text as decode_text, text_encoding as text_encoding
else:
    __getattr__ = hand_on(
        __name__,
        {
            "addresses": ("TypedAddress", "hide_secrets", "shown_address", "usable_address"),
            "broken": ("broken_imports",),
            "connections": ("basic_login", "digest_login", "http_opener", "tls_context"),
            "head_in_time": ("UntilThen",),
            "ending": ("ended_by_signals", "hanging_threads_left_behind"),
            "extras": ("require",),
            "file_names": ("as_argument", "safe_name", "safe_path"),
            "files": (
                "check_new_file",
                "check_new_folder",
                "check_other_file",
                "check_space",
                "check_writable",
                "make_folder",
                "read_regular",
                "sha256",
                "whole_file",
                "write_bytes",
                "write_text",
            ),
            "importing": ("import_package",),
            "messages": ("log", "show_messages", "warnings_only"),
            "opencv": ("import_cv2", "opencv_warnings"),
            "packages": ("ONNXRUNTIME", "OPENCV"),
            "parsing": ("parse_json", "parse_toml"),
            "repeats": ("repeats_counted",),
            "startup": ("without_garbage_collection",),
            "temporary": ("own_temporary_folder",),
            "terminal": ("data_stdout", "print_data", "print_text"),
            "text": ("MARK_BYTES", "decode_text", "text_encoding"),
        },
    )
