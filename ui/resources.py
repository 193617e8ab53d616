"""What the pages share of decoding and predicting: one pool of workers, one loaded network a model."""

from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.prediction.decode import warm_up
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.viewing import View, read_view
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.workspace import Workspace


@st.cache_resource(show_spinner=False)
def sandbox() -> Sandbox:
    """Return the pool in which files are decoded; all sessions share it. Its workers start at once."""
    running = Sandbox()
    for _ in range(running.workers):
        running.start(warm_up)
    return running


@st.cache_resource(show_spinner=False, max_entries=2)
def loading(name: str, identity: str) -> "Future[Predictor]":
    """Begin to load the network of a model, or return what has begun; `identity` makes a changed model another one."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="model")
    future = executor.submit(lambda: Predictor(open_bundle(model_folder(Workspace.from_environment(), name))))
    executor.shutdown(wait=False)
    return future


def predictor(bundle: Bundle) -> Predictor:
    """Return the loaded network of a model; all sessions share it."""
    future = loading(bundle.name, bundle.identity)
    try:
        if not future.done():
            with st.spinner("Loading the model; this takes some seconds the first time …"):
                return future.result()
        return future.result()
    finally:
        if future.done() and future.exception():
            loading.clear(bundle.name, bundle.identity)  # the next one tries again


def warm(bundle: Bundle) -> None:
    """Begin to load all that a first answer needs, while the person still looks for files."""
    loading(bundle.name, bundle.identity)
    sandbox()


def show_limit(bundle: Bundle) -> None:
    """Say of a model that has seen synthetic images only what its answers mean; everywhere that it shows."""
    if bundle.synthetic:
        st.warning(f"**Demonstration.** {bundle.card['limits'][0]}", icon=":material/science:")


def view_of(
    file: str, version: float, bundle: Bundle | None, levels: tuple[float, float] | None = None, full: bool = False
) -> View:
    """Return one image of the data set; `version` makes a changed file another one.

    Without a model the model input is that of an import's usual contract.
    """
    return _view_of(file, version, bundle.preprocessing if bundle else PreprocessingConfig(), levels, full)


@st.cache_data(show_spinner="Reading the image …", max_entries=64)
def _view_of(
    file: str, version: float, preprocessing: PreprocessingConfig, levels: tuple[float, float] | None, full: bool
) -> View:
    return sandbox().run(read_view, file, preprocessing, levels, full)
