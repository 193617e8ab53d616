import pandas as pd
import pytest
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from builders.app import plain, show_component, widget
from builders.predicted_images import decoded_image, exam_report, image_prediction
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.examples import Example
from mammo_core.prediction.exams import Correction
from mammo_core.prediction.files import FileNote, InputFile
from mammo_core.prediction.image_results import UnreadableImage
from ui import uploads


def test_choose_files_returns_uploads_by_name_and_contents(workspace):
    app = show_component(uploads.choose_files)
    assert app.session_state["result"] == []
    app.file_uploader(key="files").set_value([("a.dcm", b"1", ""), ("a.dcm", b"2", "")]).run()
    chosen = app.session_state["result"]
    assert [(file.name, file.source) for file in chosen] == [("a.dcm", b"1"), ("a.dcm", b"2")]
    assert chosen[0].key != chosen[1].key


def test_choose_files_folder_has_an_uploader_of_its_own(workspace):
    app = show_component(uploads.choose_files)
    app.toggle(key="choose folder").set_value(True).run()
    assert [uploader.key for uploader in app.file_uploader] == ["folder"]


def test_choose_files_says_what_is_taken_and_what_becomes_of_it(workspace):
    (caption,) = show_component(uploads.choose_files).caption
    assert "up to 500 MB each" in caption.value
    assert "They are not stored." in caption.value


EXAMPLE = Example((InputFile("1.dcm", b"1", "1"), InputFile("2.dcm", b"2", "2")), {"R": True}, {})


def test_choose_files_example_ends_with_the_first_upload_and_clear_forgets_all(workspace, monkeypatch):
    monkeypatch.setattr(uploads, "example_exam", lambda workspace, number: EXAMPLE)
    app = show_component(uploads.choose_files)
    widget(app, "button", "Try a demo exam").click().run()
    assert app.session_state["result"] == list(EXAMPLE.files)
    app.run()
    assert app.session_state["result"] == list(EXAMPLE.files)
    app.file_uploader(key="files 1").set_value([("a.dcm", b"1", "")]).run()
    assert [file.name for file in app.session_state["result"]] == ["a.dcm"]
    assert "Another example" not in [button.label for button in app.button]
    widget(app, "button", "Clear").click().run()
    assert app.session_state["result"] == []
    assert [uploader.key for uploader in app.file_uploader] == ["files 2"]


def test_clear_removes_uploads_and_predictions_from_the_servers_memory(workspace, monkeypatch):
    removed = []

    def remove(manager, session):
        removed.extend(file.name for file in manager.file_storage.pop(session).values())

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_session_files", remove)
    app = show_component(uploads.choose_files)
    app.file_uploader(key="files").set_value([("a.dcm", b"1", ""), ("b.dcm", b"2", "")]).run()
    app.session_state[uploads.PREDICTIONS] = object()
    widget(app, "button", "Clear").click().run()
    assert removed == ["a.dcm", "b.dcm"]
    assert uploads.PREDICTIONS not in app.session_state


def test_choose_files_emptied_uploader_leaves_no_file(workspace):
    app = show_component(uploads.choose_files)
    app.file_uploader(key="files").set_value([("a.dcm", b"1", "")]).run()
    app.file_uploader(key="files").set_value([]).run()
    assert app.session_state["result"] == []


def test_describe_files_counts_several_and_names_one():
    files = [InputFile("a_1.dcm", b"", "1"), InputFile("b.dcm", b"", "2")]
    assert uploads.describe_files(files) == "**2 files**"
    assert uploads.describe_files(files[:1]) == r"**a\_1.dcm**"


def test_show_problems_numbers_the_files_and_lists_skipped_members():
    report = exam_report()
    app = show_component(
        uploads.show_problems,
        ExamReport("trained", 0.5, report.images, notes=(FileNote("a_b.zip", "2 members are encrypted."),)),
    )
    assert [plain(error.value) for error in app.error] == [
        "File 5, letter: This isn't a DICOM file.",
        "File 6, a/5.dcm: This is the same image as file 3; it counts once.",
    ]
    assert [plain(info.value) for info in app.info] == ["a_b.zip: 2 members are encrypted."]


def test_show_problems_folds_many():
    problems = tuple(UnreadableImage(f"{number}", f"{number}", "Damaged.") for number in range(4))
    app = show_component(uploads.show_problems, ExamReport("trained", 0.5, problems))
    assert [expander.label for expander in app.expander] == ["Files without a prediction: 4"]
    assert len(app.expander[0].error) == 4


def reported(*images) -> ExamReport:
    return ExamReport("trained", 0.5, tuple(image_prediction(image, f"{image.digest}.dcm") for image in images))


def test_edit_corrections_opens_where_a_side_is_unknown_and_changes_nothing_itself():
    for laterality, expanded in (("R", False), (None, True)):
        app = show_component(uploads.edit_corrections, reported(decoded_image(laterality)))
        assert [expander.proto.expanded for expander in app.expander] == [expanded]
        assert app.session_state["result"] == {}


@pytest.fixture
def user(monkeypatch):
    """Return a function that sets what the user has edited; the table itself can't be edited by AppTest."""
    shown = st.data_editor

    def edit(changes: dict[tuple[int, str], str]) -> None:
        def editor(rows: pd.DataFrame, **options: object) -> pd.DataFrame:
            edited = shown(rows, **options).copy()
            for (row, column), value in changes.items():
                edited.loc[row, column] = value
            return edited

        monkeypatch.setattr(st, "data_editor", editor)

    return edit


def test_edit_corrections_returns_changed_rows_and_keeps_those_of_other_files(user):
    user({(0, "side"): "R", (0, "patient"): " Ann "})
    app = show_component(uploads.edit_corrections, reported(decoded_image(None), decoded_image("L", seed=1)))
    assert app.session_state["result"] == {"0": Correction("Ann", "R", "CC")}
    earlier = {"7": Correction("Eve", "L", "MLO")}
    app = show_component(edit_with, earlier, reported(decoded_image(None)))
    assert app.session_state["result"] == earlier | {"0": Correction("Ann", "R", "CC")}


def edit_with(earlier, report):
    st.session_state["corrections"] = dict(earlier)
    return uploads.edit_corrections(report)


def test_edit_corrections_without_images_shows_no_table():
    app = show_component(uploads.edit_corrections, ExamReport("trained", 0.5))
    assert app.session_state["result"] == {}
    assert not app.expander
