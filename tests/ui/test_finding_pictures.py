import shutil

from builders.app import plain, show_component, without_error
from builders.doctor import pair, report
from builders.links import record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.explore.findings import list_findings
from ui.finding_list import show_copy
from ui.finding_pictures import pngs_of, read_pictures, show_picture


def findings_of(store, *pairs):
    only = {"contradictions": (), "misfiled": (), "outliers": (), "suspect_labels": ()}
    table = read_catalogue(store.read_csv_path()).table
    return list_findings(report().model_copy(update={"duplicates": pairs, **only}), table), table


def test_pictures_are_of_the_images_that_findings_name(store, images):
    findings, table = findings_of(store, pair(images[0], images[1]), pair(images[1], "gone"))
    app = without_error(show_component(read_pictures, findings, table, store))
    pictures = app.session_state["result"]
    assert set(pictures) == {(None, images[0]), (None, images[1])}
    row, png = pictures[None, images[0]]
    assert row["image_id"] == images[0]
    assert png.startswith(b"\x89PNG")


def test_copy_is_read_from_the_other_store(prepared, store, images):
    shutil.copytree(store.folder, prepared.prepared / "other")
    findings, table = findings_of(store, pair(images[0], images[1], relation="other store", store="other"))
    app = without_error(show_component(read_pictures, findings, table, store))
    assert set(app.session_state["result"]) == {(None, images[0]), ("other", images[1])}


def test_other_store_that_is_gone_is_one_sentence(store, images, monkeypatch):
    record_links(monkeypatch)
    findings, table = findings_of(store, pair(images[0], images[1], relation="other store", store="other"))
    app = show_component(read_pictures, findings, table, store)
    assert "There is no prepared store 'other'" in plain(app.error[0].value)
    pictures = app.session_state["result"]
    assert set(pictures) == {(None, images[0])}
    app = without_error(show_component(show_copy, "other", images[1], pictures))
    assert plain(app.caption[0].value) == ":material/broken_image: No picture from other."


def test_copy_in_another_store_names_it_and_links_to_its_exam(prepared, store, images, monkeypatch):
    links = record_links(monkeypatch)
    shutil.copytree(store.folder, prepared.prepared / "other")
    findings, table = findings_of(store, pair(images[0], images[1], relation="other store", store="other"))
    pictures = show_component(read_pictures, findings, table, store).session_state["result"]
    app = without_error(show_component(show_copy, "other", images[1], pictures))
    patient = str(store.manifest()["patient_id"].iloc[1])
    assert [query for _, query in links] == [{"dataset": "demo", "patient": patient}]
    assert [plain(caption.value) for caption in app.caption] == [f"image {images[1]}", "in other"]


def test_picture_that_cannot_be_read_says_why(store, images, monkeypatch):
    record_links(monkeypatch)
    pngs_of(store)[images[0]].write_bytes(b"damaged")
    findings, table = findings_of(store, pair(images[0], images[1]))
    pictures = show_component(read_pictures, findings, table, store).session_state["result"]
    app = without_error(show_component(show_picture, pictures, None, images[0], "demo"))
    assert "The prepared image can't be read" in plain(app.caption[0].value)


def test_pngs_are_looked_up_again_after_an_import(store, images):
    assert pngs_of(store)[images[0]].is_file()
    store.manifest().iloc[1:].to_parquet(store.folder / "manifest.parquet", index=False)
    assert images[0] not in pngs_of(store)
