import stat
import subprocess
import sys

import numpy as np
import pytest

from mammo_core.dicom import Mammogram, mammogram, patient_key


@pytest.fixture
def installation(workspace):
    mammogram._secret.cache_clear()
    yield workspace
    mammogram._secret.cache_clear()


def test_patient_key_is_short_stable_and_unique(installation):
    assert patient_key("10042") == patient_key("10042")
    assert patient_key("10042") != patient_key("10043")
    assert len(patient_key("10042")) == 12
    assert int(patient_key("10042"), 16) >= 0


def test_patient_key_is_the_same_in_other_processes(installation):
    code = "from mammo_core.dicom import patient_key; print(patient_key('10042'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == patient_key("10042")


def test_patient_key_differs_between_installations(installation):
    first = patient_key("10042")
    (installation / "data" / ".patient-key").unlink()
    mammogram._secret.cache_clear()
    assert patient_key("10042") != first


def test_patient_key_secret_file_is_readable_by_owner_only(installation):
    patient_key("10042")
    path = installation / "data" / ".patient-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    assert [item.name for item in path.parent.iterdir()] == [".patient-key"]


def test_mammogram_repr_omits_patient():
    found = Mammogram(np.zeros((2, 2), np.float32), 0, 2, 2, patient="10042")
    assert "10042" not in repr(found)
