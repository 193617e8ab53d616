"""What the pages share of decoding and predicting: one pool of workers, one loaded network a model."""

import streamlit as st

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.exam import View, read_view
from mammo_core.inference import Predictor
from mammo_core.models import Bundle, model_folder, open_bundle


@st.cache_resource(show_spinner=False)
def sandbox() -> Sandbox:
    """Return the pool in which files are decoded; all sessions share it."""
    return Sandbox()


@st.cache_resource(show_spinner="Loading the model; this takes some seconds the first time …", max_entries=2)
def predictor(name: str, identity: str) -> Predictor:
    """Return the loaded network of a model; `identity` makes a changed model another one."""
    return Predictor(open_bundle(model_folder(name)))


def show_limit(bundle: Bundle) -> None:
    """Say of a model that has seen synthetic images only what its answers mean; everywhere that it shows."""
    if bundle.synthetic:
        st.warning(f"**Demonstration.** {bundle.card['limits'][0]}", icon=":material/science:")


def heat_opacity() -> float:
    """Return the opacity of heat that the predict page's sidebar asks for; 0 shows images alone."""
    return st.session_state["opacity"] if st.session_state["heatmap"] else 0.0


@st.cache_data(show_spinner="Reading the image …", max_entries=64)
def view_of(file: str, version: float, levels: tuple[float, float] | None, full: bool) -> View:
    """Return one image of the data set; `version` makes a changed file another one."""
    return sandbox().run(read_view, file, levels, full)
