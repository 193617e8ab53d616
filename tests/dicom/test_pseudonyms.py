import errno
import hashlib
import hmac
import os
import stat
import subprocess
import sys

import pytest

from mammo_core.dicom import pseudonyms
from mammo_core.dicom.pseudonyms import installation_secret, patient_key, person_key, real_patient_id
from mammo_core.errors import DataError
from mammo_core.workspace import Workspace

SECRET = bytes(range(32))


@pytest.fixture
def folders(tmp_path):
    pseudonyms._read_or_create.cache_clear()
    yield Workspace(tmp_path / "data", tmp_path / "models")
    pseudonyms._read_or_create.cache_clear()


def test_patient_key_is_the_start_of_an_hmac():
    assert patient_key("10042", SECRET) == hmac.new(SECRET, b"10042", hashlib.sha256).hexdigest()[:12]
    assert patient_key("10042", SECRET) != patient_key("10043", SECRET)
    assert patient_key("10042", SECRET) != patient_key("10042", bytes(32))


@pytest.mark.parametrize(
    "placeholder",
    [
        "", "  ", "0", "000000", "00-00", "-", "?", "***", "ANONYMIZED", "ANONYM", "Anonymous", "ANONYMOUS^PATIENT",
        "DEIDENTIFIED", "DE-IDENTIFIED", "de identified", "REMOVED", "n/a", "NA", "None", "Unknown ", "XXXX", "No_ID", "NULL",
        "999999", "123456", "1234567890", "NOT PROVIDED", "Removed by CTP", "none given", "ANÓNIMO", "аноним", "匿名", "nan",
    ],
)  # fmt: skip
def test_real_patient_id_placeholder_is_none(placeholder):
    assert real_patient_id(placeholder) is None


@pytest.mark.parametrize(
    "identifier",
    ["10042", "A", "ANON123", "P_00001", "7", "0001", "Nathan", "X1", "anon-0042", "12345", "11111", "123457"],
)
def test_real_patient_id_identifier_is_kept(identifier):
    assert real_patient_id(f" {identifier} ") == identifier


def test_person_key_depends_on_the_issuer():
    assert person_key("10042", None, SECRET) == patient_key("10042", SECRET)
    assert len({person_key("10042", issuer, SECRET) for issuer in (None, "Hospital A", "Hospital B")}) == 3
    assert person_key("10042", "HOSPITAL A", SECRET) == person_key("10042", "Hospital A", SECRET)


def test_installation_secret_is_the_same_in_other_processes(folders):
    code = (
        "import pathlib, sys; from mammo_core.dicom.pseudonyms import installation_secret;"
        "from mammo_core.workspace import Workspace;"
        "print(installation_secret(Workspace(pathlib.Path(sys.argv[1]), pathlib.Path())).hex())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folders.data)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == installation_secret(folders).hex()


def test_installation_secret_differs_between_installations(folders):
    first = installation_secret(folders)
    (folders.data / ".patient-key").unlink()
    pseudonyms._read_or_create.cache_clear()
    assert installation_secret(folders) != first


def test_installation_secret_existing_file_is_kept(folders):
    folders.data.mkdir()
    (folders.data / ".patient-key").write_bytes(SECRET)
    assert installation_secret(folders) == SECRET


def test_installation_secret_file_is_readable_by_owner_only(folders):
    secret = installation_secret(folders)
    path = folders.data / ".patient-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == secret
    assert len(secret) == 32
    assert [item.name for item in path.parent.iterdir()] == [".patient-key"]


def test_installation_secret_without_hard_links_is_created(folders, monkeypatch):
    def fail(*_):
        raise OSError(errno.EOPNOTSUPP, "no hard links")

    monkeypatch.setattr(os, "link", fail)
    secret = installation_secret(folders)
    assert (folders.data / ".patient-key").read_bytes() == secret
    assert len(secret) == 32
    assert [item.name for item in folders.data.iterdir()] == [".patient-key"]


def test_installation_secret_empty_file_is_replaced(folders, monkeypatch):
    monkeypatch.setattr(pseudonyms, "WRITE_SECONDS", 0.0)
    folders.data.mkdir()
    (folders.data / ".patient-key").touch()
    assert len(installation_secret(folders)) == 32


def test_installation_secret_unusable_folder_raises_data_error(folders):
    folders.data.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"\.patient-key in the data folder can.t be read"):
        installation_secret(folders)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_installation_secret_folder_that_takes_no_file_is_kept_in_memory(folders, monkeypatch, caplog, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    folders.data.mkdir()
    monkeypatch.setattr(os, "open", fail)
    secret = installation_secret(folders)
    assert len(secret) == 32
    assert installation_secret(folders) == secret
    assert "is kept in memory and ends with this process" in caplog.text
    monkeypatch.undo()
    assert list(folders.data.iterdir()) == []


@pytest.mark.parametrize("contents", [b"", bytes(32), b"short"])
def test_installation_secret_cut_off_by_a_crash_is_replaced(folders, monkeypatch, contents):
    monkeypatch.setattr(pseudonyms, "WRITE_SECONDS", 0.0)
    folders.data.mkdir()
    (folders.data / ".patient-key").write_bytes(contents)
    secret = installation_secret(folders)
    assert len(secret) == 32
    assert any(secret)
    assert (folders.data / ".patient-key").read_bytes() == secret
