import pytest

from builders.app import plain, show_component, without_error
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import leave_out, leave_out_csv, leave_out_path, read_leave_out
from mammo_core.errors import AccessError
from ui import leave_out_list
from ui.leave_out_list import show_leave_out_list

UPLOADER = "uploaded list 0"


def show(store):
    app = show_component(show_leave_out_list, read_catalogue(store.read_csv_path()), "demo")
    assert not app.exception
    return app


def listed(store):
    return read_leave_out(store.data_root, store.source()).reasons


def upload(app, data):
    return app.file_uploader(key=UPLOADER).set_value(("list.csv", data, "text/csv")).run()


def test_empty_list_says_so_and_offers_no_download(store):
    app = without_error(show(store))
    assert app.expander[0].label == "Leave-out list (0)"
    assert app.markdown[0].value == "No image of this data set is left out."
    assert not app.dataframe
    assert not app.download_button


def test_list_is_shown_with_what_it_means(store, images):
    leave_out(store.data_root, store.source(), {images[0]: "blank", images[1]: "cut off"})
    app = without_error(show(store))
    assert app.expander[0].label == "Leave-out list (2)"
    assert app.markdown[0].value.startswith("2 images of ")
    assert app.caption[0].value.startswith("Training and evaluation do so at once, import the next time.")
    table = app.dataframe[0].value
    assert table["image_id"].tolist() == [images[1], images[0]]
    assert table["reason"].tolist() == ["cut off", "blank"]
    assert app.button(key="take back").disabled


def test_selected_images_are_taken_back(store, images):
    leave_out(store.data_root, store.source(), {images[0]: "blank", images[1]: "cut off"})
    app = show(store)
    app.session_state["left out of demo, 2"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    assert app.button(key="take back").label == "Take back 1 selected"
    without_error(app.button(key="take back").click().run())
    assert listed(store) == {images[0]: "blank"}
    assert app.session_state["announcement"] == "Taken back."


def test_uploaded_list_is_counted_and_then_left_out(store, images):
    leave_out(store.data_root, store.source(), {images[0]: "blank"})
    text = f"image_id,reason\n{images[0]},twice\n{images[1]},\n"
    app = without_error(upload(show(store), text.encode()))
    assert "2 images, of which 1 are on the list already and get the new reason." in [
        text.value for text in app.markdown
    ]
    assert listed(store) == {images[0]: "blank"}
    without_error(app.button(key="leave out uploaded").click().run())
    assert listed(store) == {images[0]: "twice", images[1]: "by the list"}
    assert app.expander[0].label == "Leave-out list (2)"
    assert not [button for button in app.button if button.key == "leave out uploaded"]


def test_downloaded_list_can_be_uploaded_again(store, images):
    text = leave_out_csv(leave_out(store.data_root, store.source(), {images[0]: "blank, or =cut"}))
    leave_out_path(store.data_root, store.source()).unlink()
    upload(show(store), text.encode()).button(key="leave out uploaded").click().run()
    assert listed(store) == {images[0]: "blank, or =cut"}


@pytest.mark.parametrize(
    ("data", "sentence"), [(b"id\n7\n", "needs a column image_id"), (b"image_id\nunknown\n", "doesn't name them")]
)
def test_list_that_does_not_fit_is_one_sentence(store, data, sentence):
    app = upload(show(store), data)
    assert len(app.error) == 1
    assert sentence in plain(app.error[0].value)
    assert not [button for button in app.button if button.key == "leave out uploaded"]


def test_damaged_list_is_one_sentence(store):
    leave_out(store.data_root, store.source(), {"7": "blank"})
    leave_out_path(store.data_root, store.source()).write_text("{")
    app = show_component(_shown_with_errors, store)
    assert not app.exception
    assert len(app.error) == 1


def _shown_with_errors(store):
    from ui.session import errors_shown_here

    with errors_shown_here():
        show_leave_out_list(read_catalogue(store.read_csv_path()), "demo")


def test_whoever_may_not_change_the_list_changes_nothing(store, images, monkeypatch):
    def deny(action, name):
        raise AccessError(f"Not allowed: {action}, {name}.")

    leave_out(store.data_root, store.source(), {images[0]: "blank"})
    monkeypatch.setattr(leave_out_list, "request", deny)
    app = show(store)
    app.session_state["left out of demo, 1"] = {"selection": {"rows": [0], "columns": []}}
    app.run()
    app.button(key="take back").click().run()
    assert [plain(error.value) for error in app.error] == ["Not allowed: leave out images, demo."]
    app = upload(show(store), f"image_id\n{images[1]}\n".encode())
    app.button(key="leave out uploaded").click().run()
    assert [plain(error.value) for error in app.error] == ["Not allowed: leave out images, demo."]
    assert listed(store) == {images[0]: "blank"}
