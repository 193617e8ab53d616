"""Write the index of a prepared store, and tidy its folder.

See `mammo_core.dataset.store` for its layout.
"""

import os
from collections.abc import Iterator, Sequence

import pandas as pd

from mammo_core.dataset.store import MANIFEST, QUARANTINE, QUARANTINE_COLUMNS, Store, png_files
from mammo_core.dataset.store_png import CLASSES, UNLABELLED, read_entry
from mammo_core.documents.manifest import PreparedImage, QuarantineRow
from mammo_core.storage.atomic import atomic_path

ENTRY_COLUMNS = tuple(PreparedImage.model_fields)


def remove_leftovers(store: Store) -> None:
    """Remove the half-written files of an import that was killed.

    This includes imports of which only a worker was killed.
    """
    for pattern in ("*/.*.png", ".*.parquet", ".*.json", ".*.jsonl"):
        for leftover in store.folder.glob(pattern):
            if not leftover.is_dir():
                leftover.unlink(missing_ok=True)


def existing_entries(store: Store) -> Iterator[tuple[str, PreparedImage | None]]:
    """Yield the relative path of each PNG in the store, with its entry.

    The entry is None if no import finished the PNG. Entries in the manifest are trusted for the files that exist; other
    files are read one by one.
    """
    listed: dict[str, PreparedImage] = {}
    if os.path.exists(store.folder / MANIFEST):
        manifest = store.manifest()
        rows = manifest[[name for name in ENTRY_COLUMNS if name in manifest]].to_dict("records")
        entries = (PreparedImage.model_validate(row) for row in rows)
        listed = {entry.png: entry for entry in entries}
    for group in (*CLASSES, UNLABELLED):
        for png in png_files(store, group):
            name = f"{group}/{png.name}"
            yield name, listed.get(name) or read_entry(store.folder, png)


def arrange_groups(store: Store, labelled: bool) -> None:
    """Remove empty label folders, except the two classes of a labelled data set.

    Keras takes each folder for a class.
    """
    for group in (*CLASSES, UNLABELLED):
        folder = store.folder / group
        if labelled and group in CLASSES:
            folder.mkdir(exist_ok=True)
        elif folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def write_index(
    store: Store, catalogue: pd.DataFrame, entries: Sequence[PreparedImage], quarantine: Sequence[QuarantineRow]
) -> None:
    """Write the manifest and the quarantine, each atomically.

    The manifest is in the catalogue's order.
    """
    prepared = pd.DataFrame([entry.to_json() for entry in entries], columns=pd.Index(ENTRY_COLUMNS))
    manifest = catalogue.merge(prepared, on="image_id", how="inner", validate="one_to_one")
    manifest["label"] = manifest["cancer"]
    with atomic_path(store.folder / MANIFEST) as path:
        manifest.to_parquet(path, index=False)
    rows = pd.DataFrame([row.to_json() for row in quarantine], columns=pd.Index(QUARANTINE_COLUMNS))
    with atomic_path(store.folder / QUARANTINE) as path:
        rows.to_parquet(path, index=False)
