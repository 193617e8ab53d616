"""Show the breasts of checked data that look most like another breast.

Their outcome is known. This is part of the Exams and Predict pages. Nothing is computed before somebody opens it.
"""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.leave_out import leave_out_path
from mammo_core.dataset.library import list_datasets
from mammo_core.dataset.store import MANIFEST, Store, list_stores, stores_of
from mammo_core.doctor.look_alikes import (
    Gallery,
    LookAlike,
    LookAlikes,
    checked_stores,
    look_alikes,
    open_gallery,
    stored_query,
    training_gallery,
    upload_query,
)
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.look_alikes import LookAlikeIndex
from mammo_core.errors import StoreUnchecked
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exams import SIDES, Exam
from mammo_core.prediction.image_results import ImagePrediction
from mammo_core.prediction.thumbnails import make_thumbnails
from mammo_core.storage.hashing import file_states
from ui.exploration import thumbnail_cache
from ui.image_grid import LABELS
from ui.literal import literal
from ui.patient_list import open_patient
from ui.prediction_view import SIDE_NAMES
from ui.resources import comparison_network, sandbox
from ui.session import current_workspace, errors_shown_here

TITLE = "Look-alikes"
MEANING = (
    "Distance: by how much the features of the images differ on average, in standard deviations of these data. They tell of "
    "the shape, density and texture of a breast. That a breast with a cancer looks like this one doesn't mean that this one has "
    "a cancer."
)
UNCHECKED = "Nobody has checked the imported data yet, so no similar breasts can be searched."
UNFIT = "No checked data were prepared as this model prepares images, so no similar breasts can be searched."
CARD_WIDTH, PICTURE_WIDTH = 200, 88  # px
PICTURES = 2  # of a breast, at most
KEPT = 16  # results of uploads that a session keeps
RESULTS = "look-alikes of uploads"  # in the session state


@st.fragment
def show_patient_look_alikes(catalogue: Catalogue, images: pd.DataFrame) -> None:
    """Offer the look-alikes of a patient's breasts.

    Args:
        catalogue: the data set.
        images: the patient's rows of it.
    """
    patient, known = str(images["patient_id"].iloc[0]), set(images["laterality"].dropna())
    sides = [side for side in SIDES if side in known]
    section = st.expander(TITLE, icon=":material/compare:", key="look-alikes of patient", on_change="rerun")
    if not section.open or not sides:
        return
    with section, errors_shown_here():
        stores = checked_stores(stores_of(catalogue.csv, list_stores(current_workspace())))
        store = choose_store(stores, "patient")
        side = choose_side(sides, "patient")
        if store is None:
            return show_unchecked(UNCHECKED)
        gallery = open_checked(store)
        if gallery is not None:
            show_look_alikes(gallery, look_alikes(gallery, stored_query(gallery, patient, side)), offer_patient)


def show_upload_look_alikes(exam: Exam, bundle: Bundle) -> None:
    """Offer the look-alikes of the breasts of an exam of uploaded files.

    Args:
        exam: the exam.
        bundle: the model that predicted it.
    """
    images = {side: counted_images(exam, column) for column, side in enumerate(SIDES)}
    sides = [side for side in SIDES if images[side]]
    if not sides:
        return
    section = st.expander(TITLE, icon=":material/compare:", key="look-alikes of upload", on_change="rerun")
    if not section.open:
        return
    with section, errors_shown_here():
        checked = checked_stores(list_stores(current_workspace()))
        fitting = [store for store in checked if store.preprocessing == bundle.preprocessing]
        own = [store for store in fitting if store.name == bundle.card.data.store]
        store = choose_store([*own, *(store for store in fitting if store not in own)], "upload")
        side = choose_side(sides, "upload")
        if store is None:
            return show_unchecked(UNFIT if checked else UNCHECKED)
        gallery = open_checked(store)
        if gallery is not None:
            gallery = training_gallery(gallery, bundle)
            show_look_alikes(gallery, upload_look_alikes(gallery, images[side], bundle), partial(link_exam, store))


def counted_images(exam: Exam, column: int) -> list[ImagePrediction]:
    """Return the images that count for one breast.

    Args:
        exam: the exam.
        column: 0 for the right breast, 1 for the left one.
    """
    return [image for row in exam.rows if (image := row[column]) is not None and not image.not_counted]


def upload_look_alikes(gallery: Gallery, images: Sequence[ImagePrediction], bundle: Bundle) -> LookAlikes:
    """Return the look-alikes of a breast of uploaded files.

    They are computed once in a session.
    """
    results = st.session_state.setdefault(RESULTS, {})
    key = store_version(gallery.store), bundle.identity, tuple(image.decoded.digest for image in images)
    if key not in results:
        with st.spinner("Comparing the images. Loading the network takes some seconds the first time …"):
            network = comparison_network(gallery.store.preprocessing.size)
            query = upload_query(current_workspace(), gallery, images, lambda pixels: network.run(pixels).means)
            results[key] = look_alikes(gallery, query)
        while len(results) > KEPT:
            results.pop(next(iter(results)))
    return results[key]


def choose_store(stores: Sequence[Store], where: str) -> Store | None:
    """Return the data that are searched, or None if there are none.

    A choice is shown if there are several.
    """
    if len(stores) < 2:
        return stores[0] if stores else None
    names = [store.name for store in stores]
    name = st.selectbox("Search in", names, key=f"look-alike data of {where} {names}", width=300)
    return stores[names.index(name)]


def choose_side(sides: Sequence[str], where: str) -> str:
    """Let the user choose one of a patient's breasts."""
    side = st.segmented_control(
        "Breast",
        sides,
        format_func=lambda side: SIDE_NAMES[side],
        default=sides[0],
        required=True,
        key=f"look-alike side of {where} {sides}",
        label_visibility="collapsed",
    )
    return str(side)


def open_checked(store: Store) -> Gallery | None:
    """Return the breasts of a store.

    Where they can't be searched yet, one sentence says why.
    """
    try:
        return gallery_of(store, store_version(store))
    except StoreUnchecked as error:
        show_unchecked(str(error))
        return None


@st.cache_resource(show_spinner=False, max_entries=2)
def gallery_of(_store: Store, version: str) -> Gallery:
    """Return the breasts of a store, opened once for all sessions."""
    return open_gallery(_store)


def store_version(store: Store) -> str:
    """Return text that changes when a store, its check or its leave-out list does."""
    names = (MANIFEST, LookAlikeIndex.file_name, DoctorReport.file_name)
    paths = [*(store.folder / name for name in names), leave_out_path(store.data_root, store.source())]
    return ascii((str(store.folder), file_states(paths)))


def show_unchecked(sentence: str) -> None:
    """Show why nothing can be searched, and the way to the check."""
    st.info(literal(sentence), icon=":material/fact_check:")
    st.page_link(
        "pages/explore.py", label="Check the data", icon=":material/arrow_forward:", query_params={"tab": "Quality"}
    )


def show_look_alikes(gallery: Gallery, result: LookAlikes, offer_exam: Callable[[LookAlike], None]) -> None:
    """Show look-alikes, or why there are none.

    Args:
        gallery: the breasts that were searched.
        result: those that were near enough.
        offer_exam: shows the way to a breast's exam.
    """
    if result.note:
        st.info(literal(result.note), icon=":material/search_off:")
    with st.container(horizontal=True, gap="medium"):
        for breast in result.breasts:
            with st.container(width=CARD_WIDTH, gap="xxsmall"):
                show_breast(breast, gallery.store)
                offer_exam(breast)
    st.caption(literal(gallery.describe()))
    if result.breasts:
        st.caption(MEANING)


def show_breast(breast: LookAlike, store: Store) -> None:
    """Show a picture of each view, outcome and distance of a breast."""
    rows = breast.images.drop_duplicates("view").head(PICTURES)
    rows = rows.assign(cancer=rows["label"], file=None)
    prepared = {str(row["image_id"]): store.folder / row["png"] for row in rows.to_dict("records")}
    with st.container(horizontal=True, gap="xxsmall"):
        for row, picture in zip(
            rows.to_dict("records"), make_thumbnails(rows, prepared, sandbox(), thumbnail_cache()), strict=True
        ):
            name = f"{breast.laterality or '?'} {row['view']}"
            if isinstance(picture, str):
                st.caption(f":material/broken_image: {literal(name)}: {literal(picture)}")
            else:
                st.image(
                    picture,
                    width=PICTURE_WIDTH,
                    output_format="PNG",
                    alt=f"{name}, {'positive' if breast.label else 'negative'}",
                )
    age = "" if breast.age is None else f" {breast.age:.0f} years"
    st.markdown(f"{LABELS[breast.label]}{age}")
    st.caption(f"{literal(breast.nearness)}, distance {breast.distance:.2f}")


def offer_patient(breast: LookAlike) -> None:
    """Show a button that opens a breast's patient in this page's list."""
    name = f"Patient {literal(breast.patient_id)}"
    if st.button("Open exam", key=f"open look-alike {breast.patient_id}", help=name, type="tertiary"):
        open_patient(breast.patient_id)


def link_exam(store: Store, breast: LookAlike) -> None:
    """Show a link to a breast's exam, if its data set is still here."""
    datasets = list_datasets(current_workspace())
    dataset = next((each.name for each in datasets if stores_of(each.path, [store])), None)
    if dataset is not None:
        st.page_link(
            "pages/exams.py",
            label="Open exam",
            help=f"Patient {literal(breast.patient_id)}",
            query_params={"dataset": dataset, "patient": breast.patient_id},
        )
