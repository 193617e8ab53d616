import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.lesion_annotations import boxes_in_input, read_lesions
from mammo_core.documents.geometry import Geometry
from mammo_core.errors import DataError

LESION = pd.DataFrame({"top": [100], "left": [40], "bottom": [140], "right": [100]})


def geometry(flipped: bool) -> Geometry:
    """A crop of 400 × 200 source pixels at (50, 20), laid into 256 pixels: 1.5625 source pixels each."""
    return Geometry(
        source_rows=800,
        source_columns=600,
        top=50.0,
        left=20.0,
        bottom=450.0,
        right=220.0,
        flipped=flipped,
        offset_row=0.0,
        offset_column=0.0,
        content_rows=256.0,
        content_columns=128.0,
    )


def test_boxes_in_input_apply_crop_scale_and_flip():
    expected = np.array([[50, 20, 90, 80]]) / 1.5625
    assert boxes_in_input(LESION, geometry(False)) == pytest.approx(expected)
    mirrored = np.array([[50, 120, 90, 180]]) / 1.5625  # the crop ends at column 220; the chest wall was there
    assert boxes_in_input(LESION, geometry(True)) == pytest.approx(mirrored)


def test_read_lesion_annotations_without_boxes_raises_data_error(tmp_path):
    (tmp_path / "lesions.csv").write_text("image_id,kind\n1,mass\n")
    with pytest.raises(DataError, match="lacks the columns malignant, top"):
        read_lesions(tmp_path)


def test_read_lesion_annotations_without_file_is_none(tmp_path):
    assert read_lesions(tmp_path) is None


def test_lesion_annotations_match_bright_masses_in_model_input(phantoms):
    """The phantoms' own truth, through reading and preprocessing: inside the box of a mass it is brighter than around."""
    from mammo_core.documents.preprocessing_config import PreprocessingConfig
    from mammo_core.preprocess.prepare import prepare_source

    lesions = read_lesions(phantoms)
    masses = lesions[lesions["kind"].isin(["spiculated_mass", "round_mass"])]
    brighter = []
    for row in masses.itertuples():
        file = phantoms / "train_images" / str(row.patient_id) / f"{row.image_id}.dcm"
        prepared = prepare_source(file, PreprocessingConfig())
        lesion = lesions.loc[[row.Index]]
        top, left, bottom, right = boxes_in_input(lesion, prepared.geometry)[0].round().astype(int)
        inside = prepared.image[max(top, 0) : bottom, max(left, 0) : right]
        brighter.append(inside.mean() > prepared.image[prepared.image > 0].mean())
    assert len(brighter) > 5
    assert np.mean(brighter) > 0.8
