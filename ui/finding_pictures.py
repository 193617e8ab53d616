"""Show the images that a check of imported data reports."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.store import MANIFEST, Store, open_store
from mammo_core.explore.findings import Finding
from mammo_core.prediction.thumbnails import make_thumbnails
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.storage.path_text import path_text
from ui.exploration import thumbnail_cache
from ui.image_grid import show_thumbnail
from ui.literal import literal
from ui.resources import sandbox
from ui.session import current_workspace, errors_shown_here

WIDTH = 144  # px of a picture: two of them stand side by side also on a phone
KEPT = 4  # stores whose tables are kept for all sessions
Picture = tuple[pd.Series, bytes | str]  # an image's row of a table, and its picture or why there is none
Pictures = Mapping[tuple[str | None, str], Picture]  # by store, None for the data set's own, and image_id


def pngs_of(store: Store) -> dict[str, Path]:
    """Return the PNG files of a store by image_id, which are looked up once.

    Raises:
        MammoError: the store is unfinished or damaged.
    """
    return _pngs(store, path_text(store.folder), file_states([store.folder / MANIFEST]))


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _pngs(_store: Store, folder: str, states: FileStates) -> dict[str, Path]:
    return _store.png_paths()


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _images(_store: Store, folder: str, states: FileStates) -> pd.DataFrame:
    return _store.manifest()


def read_pictures(findings: Iterable[Finding], table: pd.DataFrame, store: Store) -> Pictures:
    """Return the pictures that findings name.

    Args:
        findings: those that are shown.
        table: of the data set's catalogue.
        store: the store that was checked.
    """
    shown = list(findings)
    own = [image for finding in shown for image in finding.images]
    own += [finding.nearer for finding in shown if finding.nearer is not None]
    pictures = _read(None, own, table, pngs_of(store))
    for name in sorted({finding.store for finding in shown if finding.store is not None}):
        copies = [finding.copy for finding in shown if finding.store == name and finding.copy is not None]
        with errors_shown_here():
            other = open_store(current_workspace(), name)
            images = _images(other, path_text(other.folder), file_states([other.folder / MANIFEST]))
            pictures |= _read(name, copies, images, pngs_of(other))
    return pictures


def _read(
    store: str | None, images: Iterable[str], table: pd.DataFrame, pngs: Mapping[str, Path]
) -> dict[tuple[str | None, str], Picture]:
    rows = table[table["image_id"].isin(list(images))]
    thumbnails = make_thumbnails(rows, pngs, sandbox(), thumbnail_cache())
    return {
        (store, str(row["image_id"])): (row, thumbnail)
        for (_, row), thumbnail in zip(rows.iterrows(), thumbnails, strict=True)
    }


def show_picture(pictures: Pictures, store: str | None, image: str, dataset: str) -> None:
    """Show a picture with the link to its exam.

    Args:
        pictures: see `read_pictures`.
        store: the other store that holds it; None for the data set's own.
        image: its image_id.
        dataset: name of the data set with the exam.
    """
    if (store, image) not in pictures:
        st.caption(":material/broken_image: The table doesn't name this image any more.")
        return
    row, thumbnail = pictures[store, image]
    show_thumbnail(row, thumbnail, {"dataset": dataset})
    st.caption(f"image {literal(image)}")
