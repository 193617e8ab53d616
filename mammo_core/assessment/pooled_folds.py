"""Evaluate the networks of patient folds together, each on its own test part."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mammo_core.documents.estimate import Estimate
from mammo_core.errors import DataError
from mammo_core.evaluation.report import auc_estimate
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import CARD, EVALUATION, IMAGE_KEY, PREDICTIONS, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace


def pooled_auc(workspace: Workspace, names: Sequence[str]) -> Estimate:
    """Return the AUC by breast of the test parts of several models together.

    The interval is over patients. Within a process this is computed again only after one of the models has changed.

    Args:
        workspace: the folders to work in.
        names: of the models, at least one; each was tested on other patients.

    Raises:
        ModelError: one of them is missing, or was changed.
        DataError: two of them were tested on the same image.
    """
    folders = tuple(model_folder(workspace, name) for name in names)
    files = (folder / file for folder in folders for file in (CARD, EVALUATION, PREDICTIONS))
    return _pooled_auc(folders, file_states(files))


@lru_cache(maxsize=256)
def _pooled_auc(folders: tuple[Path, ...], states: FileStates) -> Estimate:
    images = pd.concat([open_bundle(folder).evaluation_predictions() for folder in folders], ignore_index=True)
    if images.duplicated(IMAGE_KEY).any():
        raise DataError("Two of the folds were tested on the same image, so they can't be pooled. Train them again.")
    return auc_estimate(to_unit(images, "breast"))
