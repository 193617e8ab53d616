"""Compute once, for all sessions, what the Explore page shows of a data set.

Results are kept for each data set, filter and unit. Nothing changes them, so sessions share them without a copy.
"""

from datetime import date
from pathlib import Path

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.patients import prepared_images, stores_version, with_left_out
from mammo_core.documents.units import Unit
from mammo_core.explore.claims import Claim, check_claims
from mammo_core.explore.filters import Filters, Selection, apply_filters, describe_filters
from mammo_core.figures.panels import SECTIONS, Panel, PanelSource, completeness, headline, sign_panels
from mammo_core.prediction.thumbnails import ThumbnailCache
from mammo_core.storage.hashing import file_states
from ui.session import current_workspace

COMPLETENESS = "Completeness"
ENTRIES = 32  # kept of each kind
Key = tuple[str, Filters, Unit]  # of what is shown: identity of the data set, filters, unit


def identify(catalogue: Catalogue) -> str:
    """Return text that changes when a data set or a prepared store does."""
    root = catalogue.root
    states = file_states([root, catalogue.csv, *sorted(root.glob("t*.csv")), *sorted(root.glob("*_images"))])
    return ascii((str(catalogue.csv), states, stores_version(current_workspace())))  # paths may not be Unicode


@st.cache_resource(show_spinner=False, max_entries=4)
def table_of(_catalogue: Catalogue, identity: str) -> pd.DataFrame:
    """Return a catalogue's table with what imports have left out."""
    return with_left_out(current_workspace(), _catalogue)


@st.cache_resource(show_spinner=False, max_entries=ENTRIES)
def select(_table: pd.DataFrame, key: Key) -> Selection:
    """Return what the filters keep of a table."""
    _, filters, unit = key
    return apply_filters(_table, filters, unit)


@st.cache_resource(show_spinner=False, max_entries=ENTRIES)
def headline_of(_selection: Selection, key: Key) -> list[tuple[str, str, str]]:
    """Return the numbers at the top of the page."""
    return headline(_selection)


@st.cache_resource(show_spinner=False, max_entries=2 * ENTRIES)
def panels_of(_selection: Selection, section: str, _folder: Path, key: Key, source: PanelSource) -> list[Panel]:
    """Return the panels of a tab, ready to be saved as pictures."""
    panels = completeness(_selection, _folder) if section == COMPLETENESS else SECTIONS[section](_selection)
    return sign_panels(panels, _selection.unit, source)


def source_of(dataset: str, filters: Filters) -> PanelSource:
    """Return what a picture that is saved today says of its numbers."""
    return PanelSource(dataset, describe_filters(filters), f"{date.today():%d %b %Y}".lstrip("0"))


@st.cache_resource(show_spinner=False, max_entries=4)
def claims_of(_table: pd.DataFrame, identity: str) -> list[Claim]:
    """Return the published claims, checked on a whole data set."""
    return check_claims(_table)


@st.cache_resource(show_spinner=False, max_entries=4)
def prepared_of(_catalogue: Catalogue, identity: str) -> dict[str, Path]:
    """Return the prepared PNG files of a data set's images, by image_id."""
    return prepared_images(current_workspace(), _catalogue)


@st.cache_resource(show_spinner=False)
def thumbnail_cache() -> ThumbnailCache:
    """Return the thumbnails that all sessions share."""
    return ThumbnailCache()
