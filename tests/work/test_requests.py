import pytest

from mammo_core.dataset.store import open_store
from mammo_core.errors import DataError
from mammo_core.work import WorkFolder
from mammo_core.work.requests import import_again_request, import_request, is_importing


def test_an_import_goes_on_with_the_workers_that_it_was_first_asked_for(finished):
    store = open_store("demo")
    arguments = WorkFolder(store.folder).request()["arguments"] | {"scheduler": "tcp://far:8786"}
    WorkFolder(store.folder).write_request("import", arguments)
    path, again = import_again_request(store, retry=True)
    assert path == store.folder
    assert (again["workers"], again["scheduler"], again["retry"]) == (1, "tcp://far:8786", True)


@pytest.mark.parametrize("name", ["../esc", "a/b", "prepared"])
def test_a_store_stays_in_its_folder(finished, name):
    with pytest.raises(DataError, match="not usable as a name"):
        import_request("demo", name)


def test_an_import_of_these_data_is_known_while_it_lives(finished):
    store = open_store("demo")
    assert not is_importing(store.csv)
    WorkFolder(store.folder).write_state("running")
    with WorkFolder(store.folder).lock():
        assert is_importing(store.csv)
    assert not is_importing(store.csv.with_name("other.csv"))
