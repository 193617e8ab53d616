"""Import the components once, before sessions run side by side."""

import gc
import importlib
import pkgutil
from pathlib import Path

import streamlit as st

import ui
from mammo_core.dicom.confinement import make_undumpable

FAVICON = Path(__file__).with_name("favicon.svg")  # a named icon would be fetched from Google at each visit


@st.cache_resource(show_spinner="Starting the workbench…")
def import_components() -> None:
    """Import every component, and with them the core, in one thread.

    Each session runs the pages in a thread of its own. Two threads that import scikit-learn at the same moment can break
    each other: see docs/traps.md. Streamlit lets one thread compute a cached value while the others wait for it.
    """
    for module in pkgutil.iter_modules(ui.__path__, f"{ui.__name__}."):
        importlib.import_module(module.name)
    make_undumpable()  # it will hold users' files
    spare_from_collection()


def spare_from_collection() -> None:
    """Leave what is loaded now out of later garbage collections.

    Streamlit collects after each run of a page. With TensorFlow loaded, that would take half a second each time, in which
    no session is served. What was left out before and is no longer in use is freed first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
