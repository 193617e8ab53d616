import os
from dataclasses import replace
from pathlib import Path

import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.conversion import (
    EncodedImage,
    WaitingImage,
    convert_batch,
    encode_batch,
    file_version,
    is_current,
    quarantined_image,
)
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.settings import as_environment, settings

CONFIG = PreprocessingConfig(size=64)


@pytest.fixture
def image(phantoms):
    """An image of the catalogue that can be prepared."""
    for image in read_catalogue(phantoms).images():
        if image.file and isinstance(encode_batch(CONFIG, [waiting(image)])[0], EncodedImage):
            return image
    raise AssertionError("no readable image")


def waiting(image, finished=None):
    return WaitingImage(image, Path(image.file), finished)


def test_encode_batch_writes_nothing_and_equals_what_a_cluster_writes(image, workspace, tmp_path):
    store = tmp_path / "store"
    (encoded,) = encode_batch(CONFIG, [waiting(image)])
    assert not store.exists()
    (written,) = convert_batch(store, CONFIG, as_environment(), [image])
    assert written == encoded.entry
    assert (store / written.png).read_bytes() == encoded.png
    before = (store / written.png).stat().st_mtime_ns
    (again,) = convert_batch(store, CONFIG, as_environment(), [image])
    assert again.to_json().items() < written.to_json().items()  # its header wasn't read again
    assert (store / written.png).stat().st_mtime_ns == before  # made once


def test_encode_batch_only_checks_the_kind_of_an_image_that_is_there(image, monkeypatch):
    (encoded,) = encode_batch(CONFIG, [waiting(image)])
    unchecked = encoded.entry.model_copy(update={"kind_checked": False})
    assert encode_batch(CONFIG, [waiting(image, unchecked)]) == [EncodedImage(encoded.entry, None)]


def test_encode_batch_quarantines_only_what_is_unreadable(image, tmp_path):
    text = tmp_path / "text.dcm"
    text.write_text("no DICOM")
    other = replace(image, image_id="1", file=str(text))
    bad, good = encode_batch(CONFIG, [waiting(other), waiting(image)])
    assert bad == quarantined_image(other, bad.reason, bad.detail)
    assert bad.version == file_version(str(text))
    assert isinstance(good, EncodedImage)


def test_convert_batch_applies_the_limits_of_the_importer(image, workspace, tmp_path, monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)  # undoes what the worker changes
    environment = as_environment() | {"MAMMO_MAX_FILE_BYTES": "10", "MAMMO_DECODE_SECONDS": "7.0"}
    (outcome,) = convert_batch(tmp_path, CONFIG, environment, [image])
    assert outcome.reason == "too_large"
    assert (settings().max_file_bytes, settings().decode_seconds) == (10, 7.0)


def test_is_current_until_the_file_or_the_image_is_another(image, tmp_path):
    file = tmp_path / "image.dcm"
    file.write_bytes(Path(image.file).read_bytes())
    copied = replace(image, file=str(file))
    entry = encode_batch(CONFIG, [waiting(copied)])[0].entry
    assert is_current(entry, copied)
    assert not is_current(entry, replace(copied, image_id="another"))
    assert is_current(entry.model_copy(update={"source_version": ""}), copied)  # of an earlier version
    os.utime(file, ns=(0, 1))
    assert not is_current(entry, copied)
    file.unlink()
    assert is_current(entry, copied)  # what was made of it stays
    assert file_version(str(file)) == ()
