import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from builders.breasts import breast
from builders.dask import dask_client
from builders.dicom import build_dicom
from mammo_core.dataset import conversion, importer, store_png
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.importer import clear_quarantine, describe_quarantine, import_images, quarantined_so_far
from mammo_core.dataset.leave_out import leave_out, take_back
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import create_store, open_store, parse_geometry, store_contents
from mammo_core.documents.manifest import PngEntry
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import DataError
from mammo_core.jobs import cluster
from mammo_core.jobs.cluster import DaskPool
from mammo_core.preprocess.prepare import prepare_source, read_and_prepare
from mammo_core.storage.hashing import sha256
from mammo_core.storage.json_files import append_json_line, read_json_lines
from mammo_core.workspace import Workspace

CONFIG = PreprocessingConfig(size=64)


@pytest.fixture(scope="module")
def pool():
    """Dask within this process, so that a test can watch what is decoded."""
    with dask_client() as client:
        yield DaskPool(client)


@pytest.fixture(scope="module")
def seven_patients(phantoms, imported, tmp_path_factory):
    """Return the phantoms of seven patients, among them those whose images go into quarantine."""
    folder = tmp_path_factory.mktemp("seven patients") / "demo"
    shutil.copytree(phantoms, folder)
    table = pd.read_csv(folder / "train.csv")
    quarantined = table["image_id"].astype(str).isin(open_store(imported, "demo").quarantine()["image_id"])
    kept = pd.unique(pd.concat([table["patient_id"][quarantined], table["patient_id"]]))[:7]
    table[table["patient_id"].isin(kept)].to_csv(folder / "train.csv", index=False)
    for patient in (folder / "train_images").iterdir():
        if int(patient.name) not in kept:
            shutil.rmtree(patient)
    return folder


@pytest.fixture(scope="module")
def read_once(seven_patients):
    return read_catalogue(seven_patients)


@pytest.fixture
def catalogue(read_once):
    return replace(read_once, table=read_once.table.copy())


def store_for(catalogue, name="demo", preprocessing=CONFIG):
    folders = Workspace.from_environment()
    return create_store(folders, name, preprocessing, describe_source(folders, catalogue))


def contents(store):
    """Return the hash of every image and of the manifest."""
    return {str(path.relative_to(store.folder)): sha256(path) for path in store.folder.rglob("*.p*") if path.is_file()}


def test_import_accounts_for_every_row(workspace, catalogue, pool):
    store = store_for(catalogue)
    seen = []
    report = import_images(catalogue, store, pool, seen.append)
    manifest, quarantine = store.manifest(), store.quarantine()
    assert report.prepared + report.skipped + report.quarantined == report.total == len(catalogue.table)
    assert len(manifest) == report.prepared
    assert sorted(quarantine["reason"]) == sorted(image.reason for image in report.quarantine)
    assert set(quarantine["reason"]) == {"missing", "damaged", "blank"}
    assert seen[-1].done == seen[-1].total == report.total
    assert json.loads(json.dumps(report.to_json()))["stopped"] is False


def test_import_sorts_pngs_by_label_and_equals_model_input(workspace, catalogue, pool):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    rows = store.manifest().head(12).to_dict("records")
    assert {row["label"] for row in rows} == {0, 1}
    for row in rows:
        group = "positive" if row["label"] else "negative"
        assert row["png"] == f"{group}/{row['patient_id']}_{row['image_id']}.png"
        with Image.open(store.folder / row["png"]) as picture:
            assert picture.mode == "L"
            stored = np.asarray(picture)
        fresh = prepare_source(Path(row["file"]), CONFIG)
        assert np.array_equal(stored, fresh.image)
        assert parse_geometry(row["geometry"]) == fresh.geometry
        assert row["sha256"] == sha256(store.folder / row["png"])


def test_import_twice_decodes_nothing_again(workspace, catalogue, pool, monkeypatch):
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    before = contents(store)
    monkeypatch.setattr(conversion, "read_and_prepare", lambda *_: pytest.fail("decoded again"))
    second = import_images(catalogue, store, pool)
    assert (second.prepared, second.skipped, second.quarantined) == (0, first.prepared, first.quarantined)
    assert second.quarantine == first.quarantine
    assert contents(store) == before


def test_import_retries_quarantine_only_on_request(workspace, catalogue, pool, monkeypatch):
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    decoded = []
    monkeypatch.setattr(
        conversion,
        "read_and_prepare",
        lambda file, preprocessing: decoded.append(file) or read_and_prepare(file, preprocessing),
    )
    import_images(catalogue, store, pool)
    assert decoded == []
    clear_quarantine(store)
    again = import_images(catalogue, store, pool)
    assert len(decoded) == sum(image.file is not None for image in first.quarantine)
    assert again.quarantine == first.quarantine


def test_import_resumed_equals_uninterrupted(workspace, catalogue, pool, monkeypatch):
    monkeypatch.setattr(cluster, "BATCH_ROWS", 4)
    reference = store_for(catalogue, "reference")
    import_images(catalogue, reference, pool)
    part = store_for(catalogue, "part")
    seen = []
    stopped = import_images(catalogue, part, pool, seen.append, lambda: bool(seen) and seen[-1].prepared > 0)
    assert stopped.stopped
    assert 0 < stopped.prepared < stopped.total
    (part.folder / "manifest.parquet").unlink()  # as after a kill, before the index was written
    (part.folder / "negative" / ".left-over.png").write_bytes(b"half")
    finished = import_images(catalogue, part, pool)
    assert stopped.prepared <= finished.skipped < finished.total  # a worker may write its image after the stop
    assert contents(part) == contents(reference)


def test_import_rewrites_a_truncated_png(workspace, catalogue, pool):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    before = contents(store)
    png = store.folder / store.manifest()["png"].iloc[0]
    (store.folder / "manifest.parquet").unlink()
    png.write_bytes(png.read_bytes()[:200])
    assert import_images(catalogue, store, pool).prepared == 1
    assert contents(store) == before


def test_import_moves_image_when_label_changes(workspace, seven_patients, pool, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(seven_patients, source)
    catalogue = read_catalogue(source)
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    moved = store.manifest().iloc[0]
    catalogue.table.loc[catalogue.table["image_id"] == moved["image_id"], "cancer"] = 1 - int(moved["label"])
    report = import_images(catalogue, store, pool)
    assert report.prepared == 1
    assert not (store.folder / moved["png"]).exists()
    assert (store.manifest().set_index("image_id").loc[moved["image_id"], "png"]) != moved["png"]


def test_import_rewrites_a_png_that_holds_another_image(workspace, catalogue, pool):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    before = contents(store)
    first, second = store.manifest()["png"].iloc[:2]
    (store.folder / "manifest.parquet").unlink()
    shutil.copyfile(store.folder / second, store.folder / first)
    assert import_images(catalogue, store, pool).prepared == 1
    assert contents(store) == before


def test_import_removes_temporary_files_of_a_killed_import(workspace, catalogue, pool):
    store = store_for(catalogue)
    names = ("negative/.1_2-x.png", ".manifest-x.parquet", ".quarantine-x.parquet", ".source-x.json", ".stop-x")

    def leave_files_of_a_killed_worker(progress):
        if progress.done == progress.total:
            for name in names:
                (store.folder / name).write_bytes(b"half")

    import_images(catalogue, store, pool, leave_files_of_a_killed_worker)
    assert [name for name in names if (store.folder / name).exists()] == [".stop-x"]  # written by a page at this moment


def test_import_killed_before_index_leaves_consistent_manifest(workspace, catalogue, pool, monkeypatch):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    catalogue.table["cancer"] = 1 - catalogue.table["cancer"]
    monkeypatch.setattr(importer, "write_index", lambda *_: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception, match="killed"):
        import_images(catalogue, store, pool)
    assert len(store.manifest())
    assert [png for png in store.manifest()["png"] if not (store.folder / png).exists()] == []
    monkeypatch.undo()


def test_import_skipping_reports_progress_and_can_be_stopped(workspace, catalogue, pool, monkeypatch):
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    before = contents(store)
    monkeypatch.setattr(importer, "REPORT_EVERY", 5)
    seen = []
    report = import_images(catalogue, store, pool, seen.append, lambda: len(seen) == 3)
    assert [progress.done for progress in seen] == [5, 10, 15]
    assert (report.stopped, report.prepared, report.skipped) == (True, 0, 15)
    assert contents(store) == before
    assert import_images(catalogue, store, pool).skipped == first.prepared


def test_import_repeated_gives_identical_quarantine_file(workspace, catalogue, pool):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    path = store.folder / "carried_over.jsonl"
    expected, items = path.read_bytes(), read_json_lines(path)
    path.write_bytes(b"")
    for item in reversed(items):  # as workers that finish in another order write it
        append_json_line(path, item)
    assert path.read_bytes() != expected
    import_images(catalogue, store, pool)
    assert path.read_bytes() == expected


def test_import_foreign_line_in_quarantine_raises_data_error_with_its_number(workspace, catalogue, pool):
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    path = store.folder / "carried_over.jsonl"
    lines = path.read_bytes().splitlines()
    append_json_line(path, {"image_id": "1"})
    message = rf"^Line {len(lines) + 1} of carried_over\.jsonl in .* is not one that this version wrote"
    with pytest.raises(DataError, match=message):
        import_images(catalogue, store, pool)
    with pytest.raises(DataError, match=message):
        quarantined_so_far(store)


def test_import_reports_quarantine_while_running(workspace, catalogue, pool):
    store = store_for(catalogue)
    seen = []
    report = import_images(
        catalogue, store, pool, lambda progress: seen.append((progress.quarantined, quarantined_so_far(store)))
    )
    number, table = seen[-1]
    assert number == report.quarantined
    assert list(table.columns) == ["reason", "detail", "image_id", "file"]
    assert all(file.startswith("train_images/") for file in table["file"])
    assert set(table["image_id"]) == {image.image_id for image in report.quarantine if image.reason != "missing"}
    assert set(quarantined_so_far(store)["image_id"]) == {image.image_id for image in report.quarantine}


@pytest.mark.parametrize(
    ("cancer", "folders"),
    [(0, ["negative", "positive"]), (None, ["unlabelled"])],
)
def test_import_creates_only_class_folders(workspace, catalogue, pool, cancer, folders):
    catalogue.table.drop(index=catalogue.table.index[4:], inplace=True)
    store = store_for(catalogue)
    catalogue.table["cancer"] = catalogue.table["cancer"] * 0 if cancer is None else None
    catalogue.table["cancer"] = catalogue.table["cancer"].astype("Int8")
    import_images(catalogue, store, pool)
    catalogue.table["cancer"] = pd.array([cancer] * len(catalogue.table), dtype="Int8")
    import_images(catalogue, store, pool)
    assert sorted(path.name for path in store.folder.iterdir() if path.is_dir()) == folders


def test_import_makes_an_image_again_whose_file_was_replaced(workspace, seven_patients, pool, tmp_path):
    source = tmp_path / "copy"
    shutil.copytree(seven_patients, source)
    catalogue = read_catalogue(source)
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    rows = store.manifest().to_dict("records")
    replaced, other = Path(rows[0]["file"]), Path(rows[1]["file"])
    shutil.copy2(other, replaced)
    second = import_images(catalogue, store, pool)
    assert (second.prepared, second.skipped) == (1, first.prepared - 1)
    again = store.manifest().to_dict("records")
    assert again[0]["sha256"] != rows[0]["sha256"]
    assert again[1:] == rows[1:]
    status = replaced.stat()
    assert again[0]["source_version"] == f"{status.st_size}-{status.st_mtime_ns}"


@pytest.mark.parametrize(("longer", "later"), [(1, 0), (0, 1)], ids=["size alone", "time alone"])
def test_import_makes_an_image_again_whose_file_has_another_size_or_time(workspace, tmp_path, pool, longer, later):
    (tmp_path / "train.csv").write_text("patient_id,image_id,laterality,view,cancer\np,1,L,CC,1\nq,2,R,CC,0\n")
    for name in ("1", "2"):
        (tmp_path / f"{name}.dcm").write_bytes(build_dicom(breast()))
    catalogue = read_catalogue(tmp_path)
    store = store_for(catalogue)
    import_images(catalogue, store, pool)
    file = tmp_path / "1.dcm"
    time = file.stat().st_mtime_ns
    file.write_bytes(build_dicom(breast(), AccessionNumber="7" * 2 * longer))
    os.utime(file, ns=(time + later, time + later))
    again = import_images(catalogue, store, pool)
    assert (again.prepared, again.skipped) == (1, 1)


def test_import_keeps_images_of_a_store_that_recorded_no_versions(
    workspace, seven_patients, pool, tmp_path, monkeypatch
):
    source = tmp_path / "copy"
    shutil.copytree(seven_patients, source)
    catalogue = read_catalogue(source)
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    store.manifest().drop(columns="source_version").to_parquet(store.folder / "manifest.parquet", index=False)
    Path(store.manifest()["file"].iloc[0]).touch()
    second = import_images(catalogue, store, pool)
    assert (second.prepared, second.skipped) == (0, first.prepared)


def test_import_folders_and_broken_links_among_the_pngs_are_passed_over(workspace, catalogue, pool):
    store = store_for(catalogue)
    first = import_images(catalogue, store, pool)
    (store.folder / "negative" / "x.png").mkdir()
    (store.folder / "negative" / ".x.png").mkdir()
    (store.folder / "negative" / "y.png").symlink_to("nowhere")
    assert import_images(catalogue, store, pool).skipped == first.prepared
    assert store_contents(store).negative == len(store.manifest().query("label == 0"))


SPECIAL = {  # image_id → header elements of an image that counts for no breast
    "spot": {"ViewPosition": "SPOT"},
    "magnified": {"EstimatedRadiographicMagnificationFactor": "1.8"},
    "contrast": {"ImageType": ["DERIVED", "PRIMARY", "RECOMBINED"]},
}


@pytest.fixture
def special_catalogue(tmp_path):
    """A breast with a full view, three special images beside it, and one that only the table calls special."""
    rows = ["patient_id,image_id,laterality,view,cancer", "p,full,L,CC,1"]
    rows += [f"p,{name},L,CC,1" for name in SPECIAL] + ["p,table,L,MAG,1", "q,other,R,MLO,0"]
    folder = tmp_path / "special"
    folder.mkdir()
    (folder / "train.csv").write_text("\n".join(rows) + "\n")
    for name in ("full", *SPECIAL, "table", "other"):
        (folder / f"{name}.dcm").write_bytes(build_dicom(breast(), **SPECIAL.get(name, {})))
    return read_catalogue(folder)


def test_import_leaves_special_images_out_and_names_them(workspace, special_catalogue, pool):
    store = store_for(special_catalogue, "special")
    seen = []
    report = import_images(special_catalogue, store, pool, seen.append)
    assert store.manifest()["image_id"].tolist() == ["full", "other"]
    assert (report.total, report.prepared, report.quarantined, report.left_out) == (6, 2, 0, 4)
    assert report.quarantine == ()
    assert {row.image_id: (row.reason, row.detail) for row in report.left_out_images} == {
        "spot": ("left_out", "This is a spot compression view: training and evaluation leave it out."),
        "magnified": ("left_out", "This is a magnified view: training and evaluation leave it out."),
        "contrast": ("left_out", "This is a recombined contrast image: training and evaluation leave it out."),
        "table": ("left_out", "The table calls this a magnified view: training and evaluation leave it out."),
    }
    assert (seen[-1].done, seen[-1].quarantined, seen[-1].left_out) == (6, 0, 4)
    assert describe_quarantine(quarantined_so_far(store)) == (
        "4 sound ones left out of training and evaluation; the others are unaffected."
    )
    assert import_images(special_catalogue, store, pool).skipped == 2


class OldEntry(PngEntry):
    """What an earlier version wrote into a PNG."""

    def to_json(self):
        return {name: value for name, value in super().to_json().items() if name != "kind_checked"}


def make_old(store, catalogue, monkeypatch, pool):
    """Fill a store as an earlier version did, which read neither headers nor tables for special images."""
    with monkeypatch.context() as patched:
        patched.setattr(conversion, "_reject_special", lambda kind: None)
        patched.setattr(importer, "_left_out_by_table", lambda image: None)
        patched.setattr(store_png, "PngEntry", OldEntry)
        import_images(catalogue, store, pool)
    store.manifest().drop(columns="kind_checked").to_parquet(store.folder / "manifest.parquet", index=False)


def test_import_again_takes_special_images_out_of_a_store_of_an_earlier_version(
    workspace, special_catalogue, pool, monkeypatch
):
    store = store_for(special_catalogue, "special")
    make_old(store, special_catalogue, monkeypatch, pool)
    assert (len(store.manifest()), store_contents(store).unchecked) == (6, 6)
    monkeypatch.setattr(conversion, "read_and_prepare", lambda *_: pytest.fail("decoded again"))
    report = import_images(special_catalogue, store, pool)
    assert (report.prepared, report.skipped, report.left_out, report.quarantined) == (0, 2, 4, 0)
    assert store.manifest()["image_id"].tolist() == ["full", "other"]
    assert store_contents(store).unchecked == 0
    assert sorted(png.name for png in store.folder.glob("*/*.png")) == ["p_full.png", "q_other.png"]
    monkeypatch.setattr(importer, "convert_batch", lambda *_: pytest.fail("asked again"))
    assert import_images(special_catalogue, store, pool).skipped == 2


@pytest.mark.parametrize("side", ["B", "", "both"])
def test_import_leaves_out_an_image_without_a_side_and_names_it(workspace, special_catalogue, pool, side):
    csv = special_catalogue.csv
    csv.write_text(csv.read_text().replace("q,other,R", f"q,other,{side}"))
    catalogue = read_catalogue(csv)
    store = store_for(catalogue, "special")
    report = import_images(catalogue, store, pool)
    assert store.manifest()["image_id"].tolist() == ["full"]
    assert {row.image_id: row.detail for row in report.left_out_images}["other"] == (
        "The table states no side, L or R: training and evaluation leave it out."
    )
    csv.write_text(csv.read_text().replace(f"q,other,{side}", "q,other,R"))
    assert import_images(read_catalogue(csv), store, pool).prepared == 1


def test_import_table_that_changes_a_view_moves_the_image(workspace, special_catalogue, pool):
    csv = special_catalogue.csv
    store = store_for(special_catalogue, "special")
    import_images(special_catalogue, store, pool)
    csv.write_text(csv.read_text().replace("table,L,MAG", "table,L,MLO").replace("full,L,CC", "full,L,CC SPOT"))
    again = import_images(read_catalogue(csv), store, pool)
    assert (again.prepared, again.skipped, again.left_out) == (1, 1, 4)
    assert store.manifest()["image_id"].tolist() == ["table", "other"]
    assert sorted(png.name for png in store.folder.glob("*/*.png")) == ["p_table.png", "q_other.png"]


def test_import_leaves_out_what_the_list_says_until_it_is_taken_back(workspace, catalogue, pool):
    store = store_for(catalogue)
    before = import_images(catalogue, store, pool)
    image = str(store.manifest().loc[0, "image_id"])
    leave_out(store.data_root, store.source(), {image: "a paddle fills the frame"})
    report = import_images(catalogue, store, pool)
    assert report.left_out == before.left_out + 1
    row = next(row for row in report.left_out_images if row.image_id == image)
    assert row.detail == "The data set's list leaves this image out: a paddle fills the frame"
    assert image not in set(store.manifest()["image_id"])
    assert not list(store.folder.glob(f"*/*_{image}.png"))
    take_back(store.data_root, store.source(), [image])
    assert import_images(catalogue, store, pool).prepared == 1
    assert image in set(store.manifest()["image_id"])
