"""Look-alikes on the Exams and Predict pages, with the real core."""

import re
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest

from builders.app import open_page, plain, without_error
from builders.doctor import pool_features
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.doctor.look_alikes import NOTHING_NEAR, LookAlikes, look_alikes, open_gallery, stored_query
from mammo_core.jobs import doctor
from mammo_core.jobs.doctor import DoctorJob
from mammo_core.jobs.process import run_in_process
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate
from mammo_core.prediction.exams import Exam
from ui import look_alikes as component
from ui.look_alikes import MEANING, UNCHECKED, UNFIT, choose_store, counted_images


@pytest.fixture
def check(monkeypatch):
    """Return a function that checks a workspace's store without TensorFlow."""
    monkeypatch.setattr(doctor, "_open_network", lambda store: nullcontext(pool_features))
    return lambda workspace: run_in_process(DoctorJob(store="demo"), workspace)


@pytest.fixture
def patient(prepared):
    """Return a patient of whose breasts the store has both views."""
    table = open_store(prepared, "demo").manifest()
    complete = table.groupby(["patient_id", "laterality"])["view"].nunique().eq(2).groupby("patient_id").sum()
    return str(complete[complete == 2].index[0])


def show(patient: str, state: dict | None = None):
    url = {"show": "pictures", "patient": patient}
    return without_error(open_page("exams", url, {"look-alikes of patient": True} | (state or {})))


def words(app) -> list[str]:
    return [plain(caption.value) for caption in app.caption]


def cards(app) -> list[str]:
    """Return nearness and distance of each breast that is shown."""
    return [
        text for text in words(app) if re.fullmatch(r"(very similar|similar|less similar), distance \d\.\d\d", text)
    ]


def test_nothing_is_searched_before_the_section_is_opened(prepared, patient, check, monkeypatch):
    check(prepared)
    monkeypatch.setattr(component, "look_alikes", lambda *_: pytest.fail("searched"))
    app = without_error(open_page("exams", {"show": "pictures", "patient": patient}))
    assert "Look-alikes" in [expander.label for expander in app.expander]


def test_exams_shows_the_nearest_breasts_of_each_side_with_links(prepared, patient, check):
    check(prepared)
    gallery = open_gallery(open_store(prepared, "demo"))
    app = show(patient)
    for side in ("R", "L"):
        expected = look_alikes(gallery, stored_query(gallery, patient, side)).breasts
        assert len(expected) == 5
        assert cards(app) == [f"{each.nearness}, distance {each.distance:.2f}" for each in expected]
        assert gallery.describe() in words(app)
        app.button_group(key="look-alike side of patient ['R', 'L']").set_value("L")
        without_error(app.run())
    assert MEANING in words(app)


def test_exam_of_a_look_alike_opens_on_the_page_and_again_from_there(prepared, patient, check):
    check(prepared)
    app = show(patient)
    for _ in range(2):
        button = next(each for each in app.button if each.label == "Open exam")
        expected = button.key.removeprefix("open look-alike ")
        button.click()
        without_error(app.run())
        assert app.query_params["patient"] in (expected, [expected])
        assert expected in [str(row) for row in app.dataframe[0].value["patient"]]
        assert f"open look-alike {expected}" not in [each.key for each in app.button]


def test_a_breast_with_many_images_shows_one_of_each_view(prepared, patient, check):
    check(prepared)
    app = show(patient)
    pictures = [
        image.proto.imgs[0].alt
        for image in app.get("image")
        if re.fullmatch(r"[LR] \w+, (positive|negative)", image.proto.imgs[0].alt)
    ]
    assert len(pictures) == 10


def test_unchecked_data_lead_to_the_check(prepared, patient):
    app = show(patient)
    assert UNCHECKED in [plain(info.value) for info in app.info]
    (link,) = [link.proto for link in app.get("page_link") if link.proto.label == "Check the data"]
    assert "tab=Quality" in link.query_string


def test_data_that_changed_since_the_check_lead_to_the_check(prepared, patient, check):
    check(prepared)
    path = open_store(prepared, "demo").folder / MANIFEST
    table = pd.read_parquet(path)
    table[table.index != table.index[table["patient_id"] != patient][0]].to_parquet(path, index=False)
    assert any("has changed since it was checked" in info.value for info in show(patient).info)


def test_a_breast_that_resembles_none_gets_one_sentence(prepared, patient, check, monkeypatch):
    check(prepared)
    monkeypatch.setattr(component, "look_alikes", lambda *_: LookAlikes((), NOTHING_NEAR))
    app = show(patient)
    assert NOTHING_NEAR in [plain(info.value) for info in app.info]
    assert not cards(app)
    assert MEANING not in words(app)


def test_choose_store_without_any_is_none():
    assert choose_store([], "patient") is None


def test_counted_images_are_those_of_one_side():
    first, second = Image(), Image("The side is unknown.")
    exam = Exam.__new__(Exam)
    object.__setattr__(exam, "rows", ((first, None), (second, first)))
    assert counted_images(exam, 0) == [first]
    assert counted_images(exam, 1) == [first]


class Image:
    def __init__(self, not_counted=None):
        self.not_counted = not_counted


def upload(workspace, patient):
    """Open Predict with the files of a patient's breast, and its look-alikes open."""
    table = pd.read_csv(workspace.data / "demo" / "train.csv", dtype=str)
    rows = table[(table["patient_id"] == patient) & (table["laterality"] == "L")]
    folder = workspace.data / "demo" / "train_images" / patient
    files = [folder / f"{image}.dcm" for image in rows["image_id"]]
    app = open_page("predict", state={"look-alikes of upload": True})
    uploads = [(f"{number}.dcm", Path(file).read_bytes(), "application/dicom") for number, file in enumerate(files)]
    app.file_uploader(key="files").set_value(uploads).run()
    return without_error(app)


@pytest.fixture
def active(finished):
    activate(finished, "trained")
    return finished


def test_predict_searches_among_the_breasts_that_the_model_was_fitted_to(active):
    run_in_process(DoctorJob(store="demo"), active)
    bundle = open_bundle(active.models / "trained")
    seen = bundle.provenance()
    fitted = seen.loc[seen["part"] == "train", "patient_id"].unique()
    table = open_store(active, "demo").manifest()
    views = table[table["laterality"] == "L"].groupby("patient_id")["view"].nunique()
    patient = next(each for each in views[views == 2].index if each in fitted)
    app = upload(active, patient)
    assert 1 <= len(cards(app)) <= 5
    assert any("to whose patients the model was fitted" in text for text in words(app))
    linked = {link.proto.query_string for link in app.get("page_link") if "patient=" in link.proto.query_string}
    shown = {re.search(r"patient=(\w+)", link)[1] for link in linked}
    assert shown <= set(fitted) - {patient}  # the upload's own patient is known by its exposures


def test_predict_without_fitting_checked_data_says_so(active):
    table = open_store(active, "demo").manifest()
    patient = str(table.loc[table["laterality"] == "L", "patient_id"].iloc[0])
    app = upload(active, patient)
    assert {UNCHECKED, UNFIT} & {plain(info.value) for info in app.info} == {UNCHECKED}
