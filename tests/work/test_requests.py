import pytest

from mammo_core.dataset.store import open_store
from mammo_core.errors import DataError
from mammo_core.work import WorkFolder
from mammo_core.work.requests import import_again_request, import_request, is_importing

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n"


@pytest.fixture
def source(workspace):
    folder = workspace / "my data (2)"
    folder.mkdir()
    (folder / "train.csv").write_text(CSV)
    return folder


@pytest.mark.parametrize("name", ["../esc", "a/b", "prepared", ".x"])
def test_a_store_stays_in_its_folder(workspace, source, name):
    with pytest.raises(DataError, match="not usable as a name"):
        import_request(str(source), name)
    assert not (workspace / "data").exists()


def test_a_folder_with_any_name_gives_a_usable_one(workspace, source):
    path, arguments = import_request(str(source))
    assert path == workspace / "data" / "prepared" / "my-data-2"
    assert arguments == {"source": str(source / "train.csv"), "store": "my-data-2"}
    (source / "inside").mkdir()
    assert import_request(f"{source}/inside/..") == (path, arguments)


def test_an_import_goes_on_where_it_was_first_asked_for(source):
    path, arguments = import_request(str(source), "mine", 64)
    assert import_again_request(open_store("mine"))[1] == {**arguments, "retry": False}
    WorkFolder(path).write_request("import", {**arguments, "scheduler": "tcp://host:8786", "workers": 3})
    assert import_again_request(open_store("mine"), retry=True) == (
        path,
        {**arguments, "scheduler": "tcp://host:8786", "workers": 3, "retry": True},
    )


def test_an_import_under_way_is_known(source):
    path, arguments = import_request(str(source))
    assert not is_importing(source / "train.csv")
    WorkFolder(path).write_request("import", arguments)
    assert is_importing(source / "train.csv")
    WorkFolder(path).write_state("stopped")
    assert not is_importing(source / "train.csv")
