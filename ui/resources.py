"""Hold the resources that all sessions share.

They are one pool of decoding workers, and one loaded network for each model.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from mammo_core.dicom.sandbox import DecoderPool, Sandbox
from mammo_core.documents.preprocessing_config import PreprocessingConfig, Size
from mammo_core.models.bundle import Bundle
from mammo_core.models.registry import DEMO
from mammo_core.prediction import decode
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.viewing import ViewedImage, read_view
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.hashing import file_version
from mammo_core.storage.path_text import path_text, text_path
from ui.literal import literal
from ui.startup import spare_from_collection

if TYPE_CHECKING:
    from mammo_core.learning.comparison_network import ComparisonNetwork


@st.cache_resource(show_spinner=False)
def decoders() -> DecoderPool:
    """Return the processes in which files are decoded; they start at once."""
    pool = DecoderPool()
    Sandbox(pool=pool).start_workers(decode.__name__)
    return pool


@st.cache_resource(show_spinner=False, scope="session", on_release=Sandbox.close)
def sandbox() -> Sandbox:
    """Return the session's place at the decoding processes.

    Sessions take turns; what a session still has waiting when it ends is dropped.
    """
    return Sandbox(pool=decoders())


@st.cache_resource(show_spinner=False, max_entries=2)
def start_loading(_bundle: Bundle, folder: Path, identity: str) -> "Future[Predictor]":
    """Start to load a model's network, or return the load that has already started.

    Args:
        _bundle: the model; folder and identity stand for it in the cache's key.
        folder: of the model.
        identity: of the network file, so that a changed model is loaded again.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="model")
    future = executor.submit(_load_network, _bundle)
    executor.shutdown(wait=False)
    return future


def _load_network(bundle: Bundle) -> Predictor:
    network = Predictor(bundle)
    spare_from_collection()
    return network


def predictor(bundle: Bundle) -> Predictor:
    """Return the loaded network of a model.

    Args:
        bundle: the model as it was just opened, with its current operating point.
    """
    current = copy(_load(bundle))  # the loaded one belongs to all sessions
    current.bundle = bundle
    return current


def _load(bundle: Bundle) -> Predictor:
    future = start_loading(bundle, bundle.folder, bundle.identity)
    try:
        if not future.done():
            with st.spinner("Loading the model. This takes some seconds the first time …"):
                return future.result()
        return future.result()
    finally:
        if future.done() and future.exception():
            start_loading.clear(bundle, bundle.folder, bundle.identity)  # the next call tries again


@st.cache_resource(show_spinner=False, max_entries=2)
def comparison_network(size: Size) -> "ComparisonNetwork":
    """Return the network by whose features images are compared.

    It is loaded once for all sessions.

    Args:
        size: of the images in pixels.
    """
    from mammo_core.learning.comparison_network import ComparisonNetwork

    network = ComparisonNetwork(SHIPPED_MODELS / DEMO, size)
    spare_from_collection()
    return network


def start_resources(bundle: Bundle) -> None:
    """Start to load what a first prediction needs, while the user still chooses files."""
    start_loading(bundle, bundle.folder, bundle.identity)
    sandbox()


def show_limit(bundle: Bundle) -> None:
    """Warn if a model was trained on synthetic images.

    Its predictions are meaningless for real ones.
    """
    if bundle.synthetic:
        st.markdown(f":orange-badge[:material/science: Demonstration] :small[{literal(bundle.card.limits[0])}]")


def read_for_display(
    file: Path, preprocessing: PreprocessingConfig | None, percentiles: tuple[float, float] | None
) -> ViewedImage:
    """Return one image of a data set for display.

    It is read once for all sessions until the file changes.

    Args:
        file: the DICOM file.
        preprocessing: of the model input; None leaves it out.
        percentiles: of the values above the lowest, those that become black and white; None takes the file's window.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    return _read(path_text(file), file_version(file), preprocessing, percentiles)


@st.cache_data(show_spinner="Reading the image …", max_entries=64)
def _read(
    file: str, version: str, preprocessing: PreprocessingConfig | None, percentiles: tuple[float, float] | None
) -> ViewedImage:
    view: ViewedImage = sandbox().run(read_view, text_path(file), preprocessing, percentiles)
    return view
