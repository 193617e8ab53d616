"""Show the images that the filters keep, each with a link to its exam."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.explore.images import ORDERS, PAGE, page_count, page_of, sort_images
from mammo_core.prediction.thumbnails import make_thumbnails
from ui.exploration import thumbnail_cache
from ui.literal import literal
from ui.resources import sandbox

COLUMNS = 8
LABELS = {1: ":orange-badge[positive]", 0: ":blue-badge[negative]"}
Parameters = Mapping[str, str | list[str]]


def show_images(images: pd.DataFrame, prepared: Mapping[str, Path], parameters: Parameters) -> None:
    """Show a page of images.

    Args:
        images: rows of a catalogue's table.
        prepared: PNG files of prepared stores, by image_id.
        parameters: of the URL with which an image opens on the Exams page, beside its patient.
    """
    there = images[images["file"].notna() | images["image_id"].isin(list(prepared))]
    if there.empty:
        st.info(
            f"None of these {len(images):,} images has its file on this machine, so there is nothing to show.",
            icon=":material/folder_off:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.selectbox("Sort by", list(ORDERS), key="order", bind="query-params", width=200)
        pages = page_count(there)
        page = min(st.pagination(pages, key=f"page of {pages}"), pages)
        absent = f", {len(images) - len(there):,} without a file" if len(there) < len(images) else ""
        first = (page - 1) * PAGE + 1
        st.caption(f"{first:,}–{min(page * PAGE, len(there)):,} of {len(there):,} images{absent}")
    shown = page_of(sort_images(there, order), page)
    cells = _cells(len(shown))
    thumbnails = make_thumbnails(shown, prepared, sandbox(), thumbnail_cache())
    with st.spinner("Reading the images …"):
        for cell, (_, row), thumbnail in zip(cells, shown.iterrows(), thumbnails, strict=True):
            with cell:
                show_thumbnail(row, thumbnail, parameters)


def _cells(count: int) -> list["st.delta_generator.DeltaGenerator"]:
    """Return as many places, row by row."""
    rows = -(-count // COLUMNS)
    return [cell for _ in range(rows) for cell in st.columns(COLUMNS, gap="xsmall")][:count]


def show_thumbnail(row: pd.Series, thumbnail: bytes | str, parameters: Parameters) -> None:
    """Show a small picture of an image with the link to its exam.

    Args:
        row: of a catalogue.
        thumbnail: the picture, or why there is none.
        parameters: of the address of the Exams page, without the patient.
    """
    name = f"{'?' if pd.isna(row['laterality']) else row['laterality']} {row['view']}"
    if isinstance(thumbnail, str):
        st.caption(f":material/broken_image: {literal(name)}: {literal(thumbnail)}")
    else:
        st.image(thumbnail, width="stretch", output_format="PNG", alt=f"{name}, image {row['image_id']}")
    label = "" if pd.isna(row["cancer"]) else LABELS[int(row["cancer"])]
    age = "" if pd.isna(row["age"]) else f", {row['age']:.0f} years"
    st.page_link(
        "pages/exams.py",
        label=f"{literal(name)} {label}",
        help=f"Open patient {literal(row['patient_id'])}{literal(age)} in Exams",
        query_params={**parameters, "patient": str(row["patient_id"])},
    )
