import hashlib
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest

from mammo_core.documents.dataset import DatasetInfo, GeneratorSettings
from mammo_core.documents.progress import Progress
from mammo_core.phantoms.generate import encode, generate, make_jobs
from mammo_core.phantoms.render import render
from mammo_core.phantoms.spec import BY_ID, DemoSpec
from mammo_core.phantoms.table import make_table

SPEC = DemoSpec(patients=4, seed=8, prevalence=0.25, rows=96, columns=72)


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    generate(out, SPEC, workers=1)
    return out


def test_generate_writes_the_rsna_layout(made):
    table = pd.read_csv(made / "train.csv", dtype={"machine_id": str})
    pd.testing.assert_frame_equal(table, make_table(SPEC), check_dtype=False)
    listed = {f"train_images/{row.patient_id}/{row.image_id}.dcm" for row in table.itertuples()}
    written = {name for name in fingerprints(made) if name.endswith(".dcm")}
    assert written < listed
    assert len(listed - written) == 1  # the missing file


def test_generate_writes_one_truncated_and_one_blank_file(made):
    odd = {job.oddity: job for job in make_jobs(make_table(SPEC), SPEC) if job.oddity}
    assert set(odd) == {"missing", "truncated", "blank"}
    assert not any(job.cancer for job in odd.values())

    def path(job):
        return made / "train_images" / str(job.patient) / f"{job.image}.dcm"

    complete = encode(render(odd["truncated"], SPEC), replace(odd["truncated"], oddity=""), SPEC)
    assert path(odd["truncated"]).read_bytes() == complete[: len(complete) * 2 // 3]
    assert path(odd["blank"]).stat().st_size < 5000


def test_generate_lesion_annotations_list_every_cancer(made):
    lesions, table = pd.read_csv(made / "lesions.csv"), pd.read_csv(made / "train.csv")
    assert list(lesions.columns) == [
        *("patient_id", "image_id", "laterality", "view", "kind", "malignant"),
        *("top", "left", "bottom", "right", "centre_row", "centre_column", "size_mm"),
    ]
    malignant = lesions[lesions["malignant"] == 1]
    assert set(malignant["image_id"]) == set(table.loc[table["cancer"] == 1, "image_id"])
    assert (lesions["top"] < lesions["bottom"]).all()
    assert (lesions["left"] < lesions["right"]).all()


def test_generator_settings_are_the_parameters_with_their_defaults():
    assert GeneratorSettings().model_dump() == asdict(DemoSpec())


def test_generate_records_its_parameters(made):
    info = DatasetInfo.read(made / "dataset.json")
    assert info.synthetic
    assert info.generator == GeneratorSettings(**asdict(SPEC))


@pytest.mark.slow
def test_generate_parallel_gives_identical_files(made, tmp_path):
    generate(tmp_path, SPEC, workers=2)
    assert fingerprints(tmp_path) == fingerprints(made)


def test_generate_interrupted_has_no_table_and_can_be_completed(made, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(progress):
        raise StoppedError

    with pytest.raises(StoppedError):
        generate(tmp_path, SPEC, progress=stop, workers=1)
    assert not (tmp_path / "train.csv").exists()
    generate(tmp_path, SPEC, workers=1)
    assert fingerprints(tmp_path) == fingerprints(made)


def test_generate_progress_counts_images(tmp_path):
    seen = []
    spec = replace(SPEC, patients=3, nuisances=False, rows=64, columns=64)
    generate(tmp_path, spec, progress=seen.append, workers=1)
    assert seen == [Progress(done=8, total=12), Progress(done=12, total=12)]
    assert len(list(tmp_path.rglob("*.dcm"))) == 12


@pytest.mark.parametrize("machine", sorted(BY_ID))
def test_encode_writes_the_machine_specific_attributes(machine):
    job = replace(make_jobs(make_table(SPEC), SPEC)[0], machine=BY_ID[machine], oddity="")
    dataset = pydicom.dcmread(BytesIO(encode(render(job, SPEC), job, SPEC)))
    assert dataset.BitsStored == BY_ID[machine].bits
    assert dataset.PhotometricInterpretation == ("MONOCHROME1" if BY_ID[machine].inverted else "MONOCHROME2")
    assert ("PixelPaddingValue" in dataset) == BY_ID[machine].inverted
    assert dataset.get("VOILUTFunction") == BY_ID[machine].voi_function
    assert np.size(dataset.WindowCenter) == {"29": 3, "93": 4}.get(machine, 1)


def test_encode_full_headers_option():
    spec = replace(SPEC, full_headers=True)
    job = make_jobs(make_table(spec), spec)[0]
    dataset = pydicom.dcmread(BytesIO(encode(render(job, spec), job, spec)))
    assert dataset.Modality == "MG"
    assert dataset.ViewPosition == job.view
