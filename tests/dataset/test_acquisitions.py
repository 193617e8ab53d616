import pandas as pd
import pytest

from builders.breasts import breast
from builders.dask import dask_client
from builders.dicom import build_dicom
from mammo_core.dataset import acquisitions, conversion
from mammo_core.dataset.acquisitions import COLUMNS, UnreadHeader, acquisition_columns, read_headers
from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.importer import import_images
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import ACQUISITION, MANIFEST, Store, create_store, open_store
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import DataError
from mammo_core.jobs.cluster import DaskPool
from mammo_core.settings import as_environment

FORCES = (60.0, 80.0, 100.0)


@pytest.fixture(scope="module")
def pool():
    with dask_client() as client:
        yield DaskPool(client)


@pytest.fixture
def catalogue(workspace) -> Catalogue:
    """Three images of three patients, whose headers state a compression force."""
    folder = workspace.data / "set"
    folder.mkdir(parents=True)
    rows = [f"{n},{n}0,L,CC,{n % 2}\n" for n in range(len(FORCES))]
    (folder / "train.csv").write_text("patient_id,image_id,laterality,view,cancer\n" + "".join(rows))
    for n, force in enumerate(FORCES):
        (folder / f"{n}0.dcm").write_bytes(build_dicom(breast(), CompressionForce=str(force), Manufacturer="Maker"))
    return read_catalogue(folder)


@pytest.fixture
def store(workspace, catalogue) -> Store:
    return create_store(workspace, "set", PreprocessingConfig(size=64), describe_source(workspace, catalogue))


def forces(store: Store) -> list[float]:
    table = store.acquisitions()
    assert table["image_id"].tolist() == store.manifest()["image_id"].tolist()
    return table["compression_force"].tolist()


def test_import_keeps_how_images_were_acquired_and_reads_no_header_twice(store, catalogue, pool, monkeypatch):
    assert store.acquisitions() is None
    monkeypatch.setattr(acquisitions, "read_acquisition", lambda *_: pytest.fail("read again"))
    for _ in range(2):
        import_images(catalogue, store, pool)
        assert forces(store) == list(FORCES)
        assert set(store.acquisitions()) == set(COLUMNS)


def test_import_leaves_manifest_and_images_as_they_were(store, catalogue, pool):
    import_images(catalogue, store, pool)
    assert not set(acquisition_columns()) & set(store.manifest())
    before = (store.folder / MANIFEST).read_bytes()
    (store.folder / ACQUISITION).unlink()
    import_images(catalogue, store, pool)
    assert (store.folder / MANIFEST).read_bytes() == before


def test_import_of_an_earlier_version_is_completed_without_decoding(store, catalogue, pool, monkeypatch):
    import_images(catalogue, store, pool)
    (store.folder / ACQUISITION).unlink()
    monkeypatch.setattr(conversion, "read_and_prepare", lambda *_: pytest.fail("decoded again"))
    seen = []
    assert import_images(catalogue, store, pool, seen.append).prepared == 0
    assert forces(store) == list(FORCES)
    assert seen[-2].text() == "Reading headers of images that were prepared before …"
    assert (seen[-1].done, seen[-1].skipped, seen[-1].phase) == (3, 3, None)


def test_import_reads_the_header_of_a_file_that_was_replaced(store, catalogue, pool):
    import_images(catalogue, store, pool)
    file = catalogue.root / "00.dcm"
    file.write_bytes(build_dicom(breast(), CompressionForce="120.5", Manufacturer="Other"))
    assert import_images(catalogue, store, pool).prepared == 1
    assert forces(store) == [120.5, *FORCES[1:]]


def test_row_of_an_earlier_file_is_read_again(store, catalogue, pool):
    import_images(catalogue, store, pool)
    table = store.acquisitions()
    table.loc[0, ["source_version", "compression_force"]] = [
        "1-1",
        7.0,
    ]  # the import that made the image anew was killed
    table.to_parquet(store.folder / ACQUISITION)
    import_images(catalogue, store, pool)
    assert forces(store) == list(FORCES)


def test_read_headers_of_an_unreadable_file_is_unknown(tmp_path):
    (tmp_path / "a.dcm").write_text("no DICOM")
    (row,) = read_headers(as_environment(), [UnreadHeader("1", "5-6", tmp_path / "a.dcm")])
    assert (row.image_id, row.source_version) == ("1", "5-6")
    assert [getattr(row, name) for name in acquisition_columns()] == [None] * len(acquisition_columns())


def test_confined_import_keeps_a_row_for_each_image(imported):
    store = open_store(imported, "demo")
    assert store.acquisitions()["image_id"].tolist() == store.manifest()["image_id"].tolist()


def test_damaged_table_is_one_sentence(store, catalogue, pool):
    import_images(catalogue, store, pool)
    pd.DataFrame({"image_id": ["1"]}).to_parquet(store.folder / ACQUISITION)
    with pytest.raises(DataError, match=r"acquisition\.parquet .* isn't one that this application wrote"):
        store.acquisitions()
