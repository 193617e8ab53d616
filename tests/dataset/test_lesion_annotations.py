import numpy as np
import pandas as pd
import pytest

from builders.geometry import geometry
from mammo_core.dataset.lesion_annotations import KnownLesions, boxes_in_input, read_lesions
from mammo_core.documents.geometry import Geometry

HEADER = b"image_id,kind,malignant,top,left,bottom,right,size_mm\n"
LESION = pd.DataFrame({"top": [100], "left": [40], "bottom": [140], "right": [100]})


def crop(flipped: bool, model_input: tuple[int, int] | None = None) -> Geometry:
    """A crop of 400 × 200 source pixels at (50, 20), laid into 256 pixels: 1.5625 source pixels each."""
    box = (50.0, 20.0, 450.0, 220.0)
    return geometry((800, 600), (256.0, 128.0), box, flipped=flipped, model_input=model_input)


def test_boxes_in_input_apply_crop_scale_and_flip():
    expected = np.array([[50, 20, 90, 80]]) / 1.5625
    assert boxes_in_input(LESION, crop(False)) == pytest.approx(expected)
    mirrored = np.array([[50, 120, 90, 180]]) / 1.5625  # the crop ends at column 220; the chest wall was there
    assert boxes_in_input(LESION, crop(True)) == pytest.approx(mirrored)


def test_boxes_in_input_of_a_rectangle_apply_crop_scale_and_flip():
    high = (512, 320)  # 400 source rows become 512: 0.78125 source pixels each
    expected = np.array([[50, 20, 90, 80]]) / 0.78125
    assert boxes_in_input(LESION, crop(False, high)) == pytest.approx(expected)
    mirrored = np.array([[50, 120, 90, 180]]) / 0.78125
    assert boxes_in_input(LESION, crop(True, high)) == pytest.approx(mirrored)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"image_id,kind\n1,mass\n", "it lacks the columns malignant, top, left, bottom, right, size_mm."),
        (b"", "it isn't readable as CSV (EmptyDataError)."),
        (b"a;b\nK\xf6ln;2\n", "it lacks the columns image_id, kind, malignant, top, left, bottom, right, size_mm."),
        (b'"', "it isn't readable as CSV (ParserError)."),
        (HEADER + b"1,mass,no,a,b,c,d,5\n", "its columns malignant, top, left, bottom, right hold no numbers."),
    ],
)
def test_read_lesions_file_of_another_program_is_ignored_with_a_note(tmp_path, data, reason):
    (tmp_path / "lesions.csv").write_bytes(data)
    assert read_lesions(tmp_path) == KnownLesions(None, f"lesions.csv of this data set is ignored: {reason}")
    assert read_lesions(tmp_path).malignant() == {}


def test_read_lesions_row_without_a_complete_box_is_left_out(tmp_path):
    (tmp_path / "lesions.csv").write_bytes(HEADER + b"1,mass,1,2,3,4,5,6\n2,mass,1,,3,4,5,6\n")
    lesions = read_lesions(tmp_path)
    assert (lesions.table["image_id"].tolist(), lesions.note) == (["1"], None)


def test_read_lesions_folder_of_that_name_is_no_file(tmp_path):
    (tmp_path / "lesions.csv").mkdir()
    assert read_lesions(tmp_path) == KnownLesions()


def test_read_lesion_annotations_without_file_is_none(tmp_path):
    assert read_lesions(tmp_path) == KnownLesions()


def test_lesion_annotations_match_bright_masses_in_model_input(phantoms):
    """Boxes of phantoms, through reading and preprocessing: inside the box of a mass it is brighter than around."""
    from mammo_core.documents.preprocessing_config import PreprocessingConfig
    from mammo_core.preprocess.prepare import prepare_source

    lesions = read_lesions(phantoms).table
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
