"""What is measured: a loaded model with one way of calling it, in each runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.subjects.files import (
        ModelFile as ModelFile,
        model_files as model_files,
        replaced_files as replaced_files,
    )
    from cnnkit.bench.subjects.loading import load_subject as load_subject
    from cnnkit.bench.subjects.other_runtimes import (
        check_runtimes as check_runtimes,
        other_contenders as other_contenders,
    )
    from cnnkit.bench.subjects.subject import Loaded as Loaded, Subject as Subject
else:
    __getattr__ = hand_on(
        __name__,
        {
            "files": ("ModelFile", "model_files", "replaced_files"),
            "loading": ("load_subject",),
            "other_runtimes": ("check_runtimes", "other_contenders"),
            "subject": ("Loaded", "Subject"),
        },
    )
