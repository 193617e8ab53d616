from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from builders.app import plain, show_component
from mammo_core.dataset.library import list_datasets
from ui import link_dialog


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> list[Path]:
    """Return the files whose pictures are shown; reading them takes processes, which a component alone can't start."""
    files: list[Path] = []

    def read(file, *options):
        files.append(file)
        return SimpleNamespace(picture=np.zeros((4, 3), np.uint8))

    monkeypatch.setattr(link_dialog, "read_for_display", read)
    return files


def check(path: object):
    app = show_component(link_dialog.show_choices)
    app.text_input(key="link path").input(str(path)).run()
    assert not app.table
    app.button(key="check folder").click().run()
    assert not app.exception
    return app


def test_check_shows_contents_and_pictures_before_the_folder_is_linked(workspace, phantoms, shown):
    app = check(phantoms)
    contents = app.table[0].value.set_index("item")["value"]
    assert (contents["CSV used"], contents["patients"], contents["missing files"]) == ("train.csv", "16", "1")
    assert len(shown) == 3
    assert list_datasets(workspace) == []
    app.text_input(key="link name").input("elsewhere").run()
    app.button(key="link now").click().run()
    assert not app.exception
    assert [(one.name, one.path) for one in list_datasets(workspace)] == [("elsewhere", phantoms / "train.csv")]


def test_check_folder_without_its_images_warns_and_is_not_linked(workspace, tmp_path):
    (tmp_path / "labels.csv").write_text("patient_id,image_id,laterality,view\n1,10,L,CC\n")
    app = check(tmp_path)
    assert "1 of 1 images have no file here" in plain(app.warning[0].value)
    assert app.table[0].value.set_index("item")["value"]["CSV used"] == "labels.csv"
    assert app.button(key="link now").disabled


def test_check_folder_without_a_csv_is_an_error(workspace, tmp_path):
    app = check(tmp_path)
    assert ["holds no train.csv" in error.value for error in app.error] == [True]
    assert [button.key for button in app.button] == ["check folder"]


def test_another_path_is_not_shown_before_it_is_checked(workspace, phantoms, tmp_path):
    app = check(phantoms)
    app.text_input(key="link path").input(str(tmp_path)).run()
    assert not app.table
