import pandas as pd
import pytest

from builders.models import write_model
from mammo_core.models.provenance import write_provenance


def table(*rows):
    return pd.DataFrame(rows, columns=["patient_id", "image_id", "part"])


@pytest.fixture
def start(tmp_path):
    """A model fitted to images 10 and 11 and selected on image 20."""
    return write_model(tmp_path / "start")


def test_write_provenance_leaves_out_test_images(tmp_path):
    split = table((1, 10, "train"), (2, 20, "validation"), (3, 30, "test")).assign(label=0)
    write_provenance(tmp_path / "images.parquet", split, None)
    written = pd.read_parquet(tmp_path / "images.parquet")
    assert written.equals(table(("1", "10", "train"), ("2", "20", "validation")))


def test_write_provenance_includes_images_of_start_model(tmp_path, start):
    write_provenance(tmp_path / "images.parquet", table(("1", "12", "train")), start)
    written = pd.read_parquet(tmp_path / "images.parquet")
    expected = [("1", "10", "train"), ("1", "11", "train"), ("1", "12", "train"), ("2", "20", "validation")]
    assert written.equals(table(*expected))


def test_write_provenance_image_in_two_parts_counts_as_train(tmp_path, start):
    write_provenance(tmp_path / "images.parquet", table(("1", "10", "validation"), ("2", "20", "train")), start)
    written = pd.read_parquet(tmp_path / "images.parquet")
    assert written.equals(table(("1", "10", "train"), ("1", "11", "train"), ("2", "20", "train")))
