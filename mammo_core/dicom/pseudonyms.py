"""Pseudonyms of patients and images, keyed with a secret of the installation."""

import errno
import hashlib
import hmac
import logging
import os
import re
import secrets
import time
import unicodedata
from contextlib import suppress
from functools import cache
from pathlib import Path

from mammo_core.errors import DataError
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.file_errors import describe_file_error
from mammo_core.storage.locks import file_lock
from mammo_core.workspace import Workspace

PLACEHOLDERS = {  # what anonymisers and forms write in place of a Patient ID, without spaces and punctuation
    "anon", "anonim", "anonimizado", "anonimo", "anonym", "anonyme", "anonymisation", "anonymise", "anonymised",
    "anonymisiert", "anonymization", "anonymize", "anonymized", "anonymous", "anonymus", "blank", "cleared",
    "confidential", "default", "deid", "deidentified", "deidentify", "deleted", "dummy", "empty", "hidden", "id",
    "masked", "na", "nan", "nil", "noid", "noname", "none", "nonegiven", "notapplicable", "notavailable", "notgiven",
    "notprovided", "novalue", "null", "patient", "phi", "private", "pseudonym", "redacted", "removed", "removedbyctp",
    "unbekannt", "undefined", "unidentified", "unknown", "unnamed", "unspecified", "withheld", "аноним", "анонимно",
    "анонимный", "неизвестно", "不明", "匿名", "匿名化",
}  # fmt: skip
FILLERS = {"patient", "id", "name", "number", "mrn", "no", "subject"}  # words that stand beside a placeholder
COUNTING = "1234567890"
MIN_FILLED = 6  # characters of 999999, 123456 and their like, which forms are filled with; RSNA's numbers have up to 5
KEY_DIGITS = 12  # hexadecimal; enough that no two of RSNA's patients, or images, share a key
SECRET_FILE = ".patient-key"  # in the data folder
SECRET_BYTES = 32
MIN_SECRET_BYTES = 16
NO_FILES = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOENT, errno.ENOTDIR}  # no file can be created
WRITE_SECONDS = 1.0  # longer than another process takes to write a new secret

logger = logging.getLogger(__name__)


def real_patient_id(identifier: str) -> str | None:
    """Return a Patient ID (0010,0020), or None if it is a placeholder.

    Many patients share the placeholder of an anonymiser: a word such as ANONYMOUS, only zeros, only punctuation, one
    character repeated, or 123456.
    """
    identifier = identifier.strip()
    plain = "".join(one for one in unicodedata.normalize("NFKD", identifier) if not unicodedata.combining(one))
    words = [word.casefold() for word in re.split(r"[\W_]+", plain) if word]
    joined = "".join(word for word in words if word not in FILLERS) or "".join(words[:1])
    if joined in PLACEHOLDERS or joined in FILLERS or "".join(words) in PLACEHOLDERS or set(joined) <= {"0"}:
        return None
    if set(joined) == {"x"} or (len(joined) >= MIN_FILLED and (len(set(joined)) == 1 or COUNTING.startswith(joined))):
        return None
    return identifier


def person_key(identifier: str, issuer: str | None, secret: bytes) -> str:
    """Return the pseudonym of a patient whose identifier has an issuer.

    Two hospitals give the same number to different persons.

    Args:
        identifier: Patient ID (0010,0020).
        issuer: Issuer of Patient ID (0010,0021), or None; the pseudonym is then the same as in a table.
        secret: of this installation, see `installation_secret`.
    """
    return patient_key(f"{identifier}\n{issuer.casefold()}" if issuer else identifier, secret)


def patient_key(identifier: str, secret: bytes) -> str:
    """Return the pseudonym of a patient or an image: a short keyed hash.

    It tells patients apart, but without the secret it cannot be traced back to the identifier.

    Args:
        identifier: Patient ID (0010,0020), or another identifier.
        secret: of this installation, see `installation_secret`.

    Returns:
        Twelve hexadecimal digits of an HMAC-SHA-256; equal for equal identifiers and secrets.
    """
    return hmac.new(secret, identifier.encode(), hashlib.sha256).hexdigest()[:KEY_DIGITS]


def installation_secret(workspace: Workspace) -> bytes:
    """Return the secret of the installation with this data folder.

    It is created at the first use, in memory if the data folder takes no file.

    The secret is 32 random bytes in a file that only its owner can read. Of several processes that create it at the
    same time one wins, and all return the same bytes.

    Raises:
        DataError: the file can't be read.
    """
    try:
        return _read_or_create(workspace.data / SECRET_FILE)
    except OSError as error:
        what, advice = describe_file_error(error)
        raise DataError(
            f"The file {SECRET_FILE} in the data folder can't be read ({what}); patients are given pseudonyms with it. "
            f"{advice}"
        ) from None


@cache
def _read_or_create(path: Path) -> bytes:
    """Return the secret in a file, after creating it if necessary.

    Where no file can be created, the secret is kept in memory: pseudonyms then last as long as this process.
    """
    if (secret := _read(path)) is None:
        try:
            _create(path)
        except OSError as error:
            logger.warning(
                "%s; the key of the patients' pseudonyms is kept in memory and ends with this process.",
                describe_file_error(error)[0],
            )
            return secrets.token_bytes(SECRET_BYTES)
    deadline = time.monotonic() + WRITE_SECONDS
    while (secret := _read(path)) is None or not _is_complete(secret):
        if time.monotonic() > deadline:  # no process is writing it: a crash has left it empty or cut off
            with file_lock(path.with_name(f"{SECRET_FILE}.lock")):
                if (again := _read(path)) is None or not _is_complete(again):
                    write_bytes(path, secrets.token_bytes(SECRET_BYTES), 0o600)
        time.sleep(0.05)
    return secret


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _is_complete(secret: bytes) -> bool:
    """Return whether a secret was written to the end.

    A crash leaves an empty file, or zeros.
    """
    return len(secret) >= MIN_SECRET_BYTES and any(secret)


def _create(path: Path) -> None:
    """Write a new secret, unless another process has just done so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_bytes(SECRET_BYTES)
    draft = path.with_name(f"{SECRET_FILE}-{secrets.token_hex(8)}")
    try:
        _write_new(draft, secret)
        os.link(draft, path)  # unlike a rename, it never replaces a file
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno in NO_FILES:
            raise
        with suppress(FileExistsError):  # exFAT, SMB and some FUSE file systems have no hard links
            _write_new(path, secret)
    finally:
        draft.unlink(missing_ok=True)


def _write_new(path: Path, contents: bytes) -> None:
    """Write a new file that only its owner can read; on failure, none is left."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        try:
            stream.write(contents)
            stream.flush()
            with suppress(OSError):  # some file systems have no fsync
                os.fsync(stream.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
