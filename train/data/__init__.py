"""Data sets: found, surveyed, split, kept apart, and read in batches for training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.data.batches import (
        inference_batch as inference_batch,
        make_batches as make_batches,
        reading_failures as reading_failures,
    )
    from cnnkit.train.data.cifar10 import CIFAR10_LABELS as CIFAR10_LABELS
    from cnnkit.train.data.dataset import (
        ClassRecord as ClassRecord,
        Dataset as Dataset,
        Split as Split,
        SplitOptions as SplitOptions,
    )
    from cnnkit.train.data.folder_data import (
        DEFAULT_CACHE_MIB as DEFAULT_CACHE_MIB,
        FolderOptions as FolderOptions,
        check_dataset_folder as check_dataset_folder,
    )
    from cnnkit.train.data.image_stores import resize_all as resize_all
    from cnnkit.train.data.leaks import check_apart as check_apart, check_standardisation as check_standardisation
    from cnnkit.train.data.likeness import LikePairs as LikePairs
    from cnnkit.train.data.loading import load_dataset as load_dataset
    from cnnkit.train.data.series import find_torn_series as find_torn_series
    from cnnkit.train.data.splits import stratified_split as stratified_split, three_way_split as three_way_split
    from cnnkit.train.data.standardise import fit_standardisation as fit_standardisation
    from cnnkit.train.data.step_groups import grouping_model as grouping_model
    from cnnkit.train.data.survey import FileRules as FileRules
else:
    __getattr__ = hand_on(
        __name__,
        {
            "batches": ("inference_batch", "make_batches", "reading_failures"),
            "cifar10": ("CIFAR10_LABELS",),
            "dataset": ("ClassRecord", "Dataset", "Split", "SplitOptions"),
            "folder_data": ("DEFAULT_CACHE_MIB", "FolderOptions", "check_dataset_folder"),
            "image_stores": ("resize_all",),
            "leaks": ("check_apart", "check_standardisation"),
            "likeness": ("LikePairs",),
            "loading": ("load_dataset",),
            "series": ("find_torn_series",),
            "splits": ("stratified_split", "three_way_split"),
            "standardise": ("fit_standardisation",),
            "step_groups": ("grouping_model",),
            "survey": ("FileRules",),
        },
    )
