"""Prepared stores without another import."""

import shutil

from mammo_core.dataset.store import MANIFEST, Store
from mammo_core.documents.preprocessing_config import Size
from mammo_core.jobs.importing import import_job
from mammo_core.workspace import Workspace


def copy_store(workspace: Workspace, store: Store, source: str, name: str, size: Size | None = None) -> None:
    """Write a store as an import of `source` would leave it, with the files of a store of the same images.

    With another size only its manifest and its configuration can be used.
    """
    job = import_job(workspace, source, name, size or store.preprocessing.size)
    job.prepare(workspace)
    for group in ("negative", "positive"):
        shutil.copytree(store.folder / group, job.folder(workspace) / group)
    shutil.copy(store.folder / MANIFEST, job.folder(workspace))
