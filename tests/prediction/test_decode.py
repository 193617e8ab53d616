from dataclasses import replace

import numpy as np
import pytest

from builders.breasts import picture
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.write import Header, dicom_bytes
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.prediction.decode import decode_image, read_picture

SECRET = bytes(32)
HEADER = Header(patient="7", image="70", laterality="L", view="CC")
PIXELS = np.round(picture(400, 300)).astype(np.uint16)


def test_decode_image_returns_no_patient_identifier(phantoms):
    file = next(path for path in sorted(phantoms.glob("train_images/*/*.dcm")))
    with Sandbox() as sandbox:
        decoded = sandbox.run(decode_image, file.read_bytes(), PreprocessingConfig(), SECRET)
    assert decoded.patient != file.parent.name
    assert len(decoded.patient) == 12
    assert "PatientID" not in decoded.tags
    assert len(decoded.instance) == 12


@pytest.mark.slow
def test_decode_image_in_sandbox_raises_image_error_for_other_files():
    with Sandbox() as sandbox, pytest.raises(ImageError, match=r"DICOM file"):
        sandbox.run(decode_image, b"letter" * 100, PreprocessingConfig(), SECRET)


def test_decode_image_same_pixels_with_other_window_have_same_digest():
    narrow, other = replace(HEADER, windows=((1500.0, 1500.0),)), replace(HEADER, image="71")
    first, second, third = (
        decode_image(dicom_bytes(PIXELS, header), PreprocessingConfig(), SECRET) for header in (HEADER, narrow, other)
    )
    assert first.digest == second.digest == third.digest
    assert not np.array_equal(first.picture, second.picture)
    assert first.instance == second.instance != third.instance


def test_decode_image_identifier_ignores_spaces_around_it_and_tells_its_case():
    plain, padded, small = (
        decode_image(dicom_bytes(PIXELS, replace(HEADER, patient=name)), PreprocessingConfig(size=64), SECRET)
        for name in ("AB12", " AB12   ", "ab12  ")
    )
    assert plain.patient == padded.patient != small.patient
    assert plain.caseless == padded.caseless == small.caseless


def test_decode_image_thumbnail_averages_the_model_input():
    decoded = decode_image(dicom_bytes(PIXELS, HEADER), PreprocessingConfig(), SECRET)
    assert decoded.thumbnail.shape == (16, 16)
    assert decoded.thumbnail[8, 0] == int(decoded.model_input[128:144, :16].mean())


def test_decode_image_thumbnail_of_a_rectangle_covers_all_of_it():
    decoded = decode_image(dicom_bytes(PIXELS, HEADER), PreprocessingConfig(size=(128, 64)), SECRET)
    assert decoded.thumbnail.shape == (16, 16)
    assert decoded.thumbnail[8, 0] == int(decoded.model_input[64:72, :4].mean())


def test_read_picture_has_full_resolution_and_requested_window():
    data = dicom_bytes(PIXELS, HEADER)
    wide, narrow = read_picture(data, None), read_picture(data, (49.0, 51.0))
    assert wide.shape == narrow.shape == (400, 300)
    assert np.unique(narrow).size < np.unique(wide).size
