"""Removing data and undoing it, through the buttons of the dialogs."""

import pytest
from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.dataset.store import list_stores


def page(workspace):
    import streamlit as st

    from mammo_core.dataset.library import list_datasets
    from mammo_core.dataset.store import list_stores
    from ui.removal_dialog import confirm_dataset_deletion, confirm_store_deletion, confirm_unlink, offer_undo
    from ui.session import show_announcement

    show_announcement()
    offer_undo()
    for dataset in list_datasets(workspace):
        if st.button("remove", key=f"remove {dataset.name}"):
            (confirm_unlink if dataset.linked else confirm_dataset_deletion)(dataset)
    for store in list_stores(workspace):
        if st.button("remove", key=f"remove store {store.name}"):
            confirm_store_deletion(store)


@pytest.fixture
def app(prepared) -> AppTest:
    return AppTest.from_function(page, args=(prepared,), default_timeout=PATIENCE).run()


def test_delete_synthetic_data_set_states_its_size_and_is_undone(app, prepared):
    app.button(key="remove demo").click().run()
    assert any(" MB of synthetic files" in text.value for text in app.markdown)
    app.button(key="delete data set now").click().run()
    assert not app.exception
    assert list_datasets(prepared) == []
    assert [toast.value for toast in app.toast] == ["Deleted demo."]
    app.button(key="undo removal").click().run()
    assert [dataset.name for dataset in list_datasets(prepared)] == ["demo"]
    assert not [button for button in app.button if button.key == "undo removal"]


def test_delete_imported_data_keeps_the_data_set(app, prepared):
    app.button(key="remove store demo").click().run()
    app.button(key="delete imported data now").click().run()
    assert (list_stores(prepared), [one.name for one in list_datasets(prepared)]) == ([], ["demo"])
    app.button(key="undo removal").click().run()
    assert [store.name for store in list_stores(prepared)] == ["demo"]


def test_unlink_says_that_files_stay_and_is_undone(prepared, phantoms):
    link_dataset(prepared, "elsewhere", phantoms)
    app = AppTest.from_function(page, args=(prepared,), default_timeout=PATIENCE).run()
    app.button(key="remove elsewhere").click().run()
    assert any("Its files are not touched" in text.value for text in app.markdown)
    app.button(key="unlink now").click().run()
    assert [one.name for one in list_datasets(prepared)] == ["demo"]
    assert (phantoms / "train.csv").exists()


def test_refused_removal_is_announced(app, prepared):
    app.button(key="remove demo").click().run()
    (prepared.data / "demo" / "dataset.json").unlink()
    app.button(key="delete data set now").click().run()
    assert "can't be removed" in app.toast[0].value
