import pytest

from mammo_core.dataset.store import open_store
from mammo_core.errors import InvalidName
from mammo_core.jobs import JobFolder
from mammo_core.jobs.requests import import_again_request, import_request, is_importing
from mammo_core.workspace import Workspace

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n"


@pytest.fixture
def source(workspace):
    folder = workspace / "my data (2)"
    folder.mkdir()
    (folder / "train.csv").write_text(CSV)
    return folder


@pytest.mark.parametrize("name", ["../esc", "a/b", "prepared", ".x"])
def test_import_request_store_name_outside_folder_raises_invalid_name(workspace, source, name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        import_request(str(source), name)
    assert not (workspace / "data").exists()


def test_import_request_derives_store_name_from_folder_name(workspace, source):
    path, arguments = import_request(str(source))
    assert path == workspace / "data" / "prepared" / "my-data-2"
    assert arguments == {"source": str(source / "train.csv"), "store": "my-data-2"}
    (source / "inside").mkdir()
    assert import_request(f"{source}/inside/..") == (path, arguments)


def test_import_again_request_keeps_original_arguments(source):
    path, arguments = import_request(str(source), "mine", 64)
    assert import_again_request(open_store(Workspace.from_environment(), "mine"))[1] == {**arguments, "retry": False}
    JobFolder(path).write_request("import", {**arguments, "scheduler": "tcp://host:8786", "workers": 3})
    assert import_again_request(open_store(Workspace.from_environment(), "mine"), retry=True) == (
        path,
        {**arguments, "scheduler": "tcp://host:8786", "workers": 3, "retry": True},
    )


def test_is_importing_only_while_import_is_active(source):
    path, arguments = import_request(str(source))
    assert not is_importing(source / "train.csv")
    JobFolder(path).write_request("import", arguments)
    assert is_importing(source / "train.csv")
    JobFolder(path).write_state("stopped")
    assert not is_importing(source / "train.csv")
