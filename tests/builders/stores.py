"""Prepared stores without another import."""

import shutil
from pathlib import Path

import numpy as np

from builders.geometry import geometry
from mammo_core.dataset.catalogue_image import CatalogueImage
from mammo_core.dataset.store import MANIFEST, Store, create_store
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.preprocessing_config import PreprocessingConfig, Size
from mammo_core.jobs.importing import import_job
from mammo_core.preprocess.prepare import ModelInput
from mammo_core.workspace import Workspace

GEOMETRY = geometry((800, 600), (64.0, 32.0), (50.0, 20.0, 450.0, 220.0), flipped=True)
PREPARED = ModelInput(np.arange(64 * 64, dtype=np.uint8).reshape(64, 64), GEOMETRY, 1.0)
IMAGE = CatalogueImage(patient_id="7", image_id="70", cancer=1, file=None)


def empty_store(folder: Path) -> Store:
    """Return a store for images of 64 x 64 pixels, such as `PREPARED`."""
    source = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=False)
    return create_store(Workspace(folder / "data", folder / "models"), "demo", PreprocessingConfig(size=64), source)


def copy_store(workspace: Workspace, store: Store, source: str, name: str, size: Size | None = None) -> None:
    """Write a store as an import of `source` would leave it, with the files of a store of the same images.

    With another size only its manifest and its configuration can be used.
    """
    job = import_job(workspace, source, name, size or store.preprocessing.size)
    job.prepare(workspace)
    for group in ("negative", "positive"):
        shutil.copytree(store.folder / group, job.folder(workspace) / group)
    shutil.copy(store.folder / MANIFEST, job.folder(workspace))
