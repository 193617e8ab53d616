"""Protection while pydicom reads a foreign file.

Neither errors, warnings nor logs may quote it.

pydicom's messages quote values, and values can name a patient.
"""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import config

from mammo_core.errors import ImageError, MammoError

_logger = logging.getLogger("pydicom")


class _SilentPydicom:
    """Context manager that stops pydicom's validation and logging.

    It may be nested and entered by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered = 0
        self._mode = config.WARN
        self._level = logging.NOTSET

    def __enter__(self) -> None:
        with self._lock:
            if not self._entered:
                self._mode, self._level = config.settings.reading_validation_mode, _logger.level
                config.settings.reading_validation_mode = config.IGNORE
                _logger.setLevel(logging.CRITICAL)
            self._entered += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._entered -= 1
            if not self._entered:
                config.settings.reading_validation_mode = self._mode
                _logger.setLevel(self._level)


_silent_pydicom = _SilentPydicom()


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Suppress pydicom's validation and log, and all warnings, within the block.

    highdicom's warnings quote values too.
    """
    with _silent_pydicom, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def only_image_errors() -> Iterator[None]:
    """Turn every exception within the block into an ImageError.

    The original text may quote the file, so it is left out. So are warnings, except those that `header.parse` collects.
    """
    try:
        with quiet_pydicom():
            yield
    except MammoError:
        raise
    except MemoryError:
        raise ImageError("decoder_died", "Decoding this file needs more memory than is allowed.") from None
    # pydicom and the codecs document no set of errors for damaged bytes: they raise StopIteration, RecursionError, struct.error,
    # KeyError and the decoders' own classes. One that is not listed here would fail a whole import because of one file, with a
    # message that may quote a patient.
    except Exception as error:  # noqa: BLE001
        raise ImageError("damaged", f"The file is damaged and can't be read ({type(error).__name__}).") from None
