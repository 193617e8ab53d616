import logging
import subprocess
import sys
import threading
import warnings

import pytest
from pydicom import config

from mammo_core.dicom.guard import only_image_errors, quiet_pydicom
from mammo_core.errors import ImageError

UNCHANGED = """
import logging
from pydicom import config
before = config.settings.reading_validation_mode, logging.getLogger("pydicom").level
import mammo_core.dicom, mammo_core.dicom.export, mammo_core.dicom.write
assert (config.settings.reading_validation_mode, logging.getLogger("pydicom").level) == before
"""


def state() -> tuple[int, int]:
    return config.settings.reading_validation_mode, logging.getLogger("pydicom").level


def test_import_leaves_pydicom_unchanged():
    subprocess.run([sys.executable, "-c", UNCHANGED], check=True)


def test_quiet_pydicom_nested_and_in_threads_restores_the_state():
    before = state()
    first_entered, second_left = threading.Event(), threading.Event()

    def other_thread() -> None:
        with quiet_pydicom():
            first_entered.set()
            second_left.wait(10)

    thread = threading.Thread(target=other_thread)
    thread.start()
    first_entered.wait(10)
    with quiet_pydicom(), quiet_pydicom():
        assert state() == (config.IGNORE, logging.CRITICAL)
    assert state() == (config.IGNORE, logging.CRITICAL)  # the other thread is still reading
    second_left.set()
    thread.join()
    assert state() == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StopIteration("Doe"), "damaged"),
        (RecursionError("Doe"), "damaged"),
        (MemoryError("Doe"), "decoder_died"),
        (ImageError("blank", "no breast"), "blank"),
    ],
)
def test_only_image_errors_converts_every_exception_without_its_text(error, reason):
    with pytest.raises(ImageError) as caught, only_image_errors():
        raise error
    assert caught.value.reason == reason
    assert "Doe" not in str(caught.value)


def test_only_image_errors_drops_warnings():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with only_image_errors():
            warnings.warn("Doe", stacklevel=1)
    assert caught == []
