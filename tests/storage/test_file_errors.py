import errno
import os
import pickle
from pathlib import Path

import pytest

from mammo_core.errors import DataError, StorageError
from mammo_core.storage.file_errors import SENTENCES, storage_error, storage_errors


def raise_in_block(error, folder=None):
    with storage_errors(folder):
        raise error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "x", "/p/Doe.dcm"), "The disk is full. Make room and try again."),
        (
            OSError(errno.ENOTDIR, "x"),
            "A file stands where a folder is needed. Move the file away, or choose another folder.",
        ),
        (OSError(errno.EROFS, "x"), "The file system is read-only. Choose a folder that can be written."),
        (
            OSError(errno.EXDEV, "x"),
            f"The file system reports an error ({os.strerror(errno.EXDEV)}). "
            "Check the disk and the folder, and try again.",
        ),
        (
            UnicodeEncodeError("utf-8", "\udce4", 0, 1, "surrogates not allowed"),
            "A file has a name or a text in an unknown encoding. Rename it, or save it as UTF-8.",
        ),
    ],
)
def test_storage_errors_raises_one_sentence_without_the_file(error, sentence):
    with pytest.raises(StorageError) as raised:
        raise_in_block(error)
    assert str(raised.value) == sentence
    assert raised.value.errno == getattr(error, "errno", 0)
    assert raised.value.__cause__ is error


def test_storage_errors_names_the_folder_once():
    inner = storage_error(OSError(errno.ENOSPC, "x"), Path("/data"))
    with pytest.raises(StorageError) as raised:
        raise_in_block(inner, Path("/other"))
    assert str(raised.value) == "The disk is full (/data). Make room and try again."


def test_storage_errors_error_of_the_core_passes():
    with pytest.raises(DataError, match=r"^empty$"):
        raise_in_block(DataError("empty"))


def test_storage_error_survives_pickling():
    error = pickle.loads(pickle.dumps(StorageError(errno.EIO, "Broken.")))
    assert (str(error), error.errno) == ("Broken.", errno.EIO)


def test_sentences_end_without_and_advice_with_a_full_stop():
    assert all(not what.endswith(".") and advice.endswith(".") for what, advice in SENTENCES.values())
