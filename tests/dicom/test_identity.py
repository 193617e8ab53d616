import os
import signal
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from builders.dicom import build_dicom
from mammo_core.dicom import identity
from mammo_core.dicom.identity import FileIdentity, read_identities, read_identity
from mammo_core.dicom.sandbox import Sandbox

PIXELS = np.zeros((4, 4), np.uint16)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as pool:
        yield pool


def write(path: Path, **elements: object) -> Path:
    path.write_bytes(build_dicom(PIXELS, **elements))
    return path


def die_on_poison(files: list[Path]) -> list[FileIdentity | None]:
    if any(file.name == "poison" for file in files):
        os.kill(os.getpid(), signal.SIGKILL)
    return [read_identity(file) for file in files]


def test_read_identities_state_uids_patient_and_labels(tmp_path, sandbox):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399368009", "SCT", "medio-lateral oblique"
    uids = {"SOPInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2", "StudyInstanceUID": "1.1"}
    coded = write(
        tmp_path / "a",
        PatientID="Ab 1",
        Laterality="R",
        ImageLaterality="",
        ViewPosition="",
        ViewCodeSequence=[code],
        **uids,
    )
    worded = write(tmp_path / "b", PatientID="2", ImageLaterality="", Laterality="", ViewPosition="LCC", **uids)
    (tmp_path / "c").write_bytes(b"no DICOM")
    assert read_identities([coded, worded, tmp_path / "c", tmp_path / "gone"], sandbox) == [
        FileIdentity("1.2.3", "1.2", "1.1", "Ab 1", "R", "MLO"),
        FileIdentity("1.2.3", "1.2", "1.1", "2", "L", "CC"),
        None,
        None,
    ]


def test_read_identities_in_batches_keep_their_order(tmp_path, sandbox, monkeypatch):
    monkeypatch.setattr(identity, "BATCH", 2)
    files = [write(tmp_path / str(number), PatientID=str(number)) for number in range(5)]
    assert [one.patient for one in read_identities(files, sandbox) if one] == ["0", "1", "2", "3", "4"]
    assert read_identities([], sandbox) == []


def test_read_identities_worker_that_dies_costs_no_other_file_its_identity(tmp_path, sandbox, monkeypatch):
    monkeypatch.setattr(identity, "_read_batch", die_on_poison)
    files = [write(tmp_path / name, PatientID=name) for name in ("1", "poison", "2")]
    assert [one.patient for one in read_identities(files, sandbox) if one] == ["1", "poison", "2"]
