"""Pseudonyms of patients and images, keyed with a secret of the installation."""

import hashlib
import hmac
import os
import re
import secrets
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from mammo_core.errors import DataError
from mammo_core.workspace import Workspace

PLACEHOLDERS = {  # what anonymisers and forms write in place of a Patient ID, without spaces and punctuation
    "anon", "anonim", "anonimo", "anonimizado", "anonym", "anonyme", "anonymisation", "anonymise", "anonymised",
    "anonymisiert", "anonymization", "anonymize", "anonymized", "anonymous", "anonymus", "blank", "cleared",
    "confidential", "default", "deid", "deidentified", "deidentify", "deleted", "dummy", "empty", "hidden", "id", "masked",
    "na", "nil", "noid", "noname", "none", "notapplicable", "notavailable", "null", "patient", "phi", "private",
    "pseudonym", "redacted", "removed", "undefined", "unidentified", "unknown", "unbekannt", "unnamed", "unspecified",
    "withheld",
}  # fmt: skip
FILLERS = {"patient", "id", "name", "number", "mrn", "no", "subject"}  # words that stand beside a placeholder
KEY_DIGITS = 12  # hexadecimal; enough that no two of RSNA's patients, or images, share a key
SECRET_FILE = ".patient-key"  # in the data folder
SECRET_BYTES = 32
WRITE_SECONDS = 1.0  # longer than another process takes to write a new secret


def real_patient_id(identifier: str) -> str | None:
    """Return a Patient ID (0010,0020), or None if it is a placeholder.

    Many patients share the placeholder of an anonymiser: a word such as ANONYMOUS, only zeros, only punctuation, or one
    letter repeated.
    """
    identifier = identifier.strip()
    words = [word.casefold() for word in re.split(r"[\W_]+", identifier) if word]
    joined = "".join(word for word in words if word not in FILLERS) or "".join(words[:1])
    if joined in PLACEHOLDERS or joined in FILLERS or "".join(words) in PLACEHOLDERS or set(joined) <= {"0"}:
        return None
    return None if set(joined) == {"x"} else identifier


def person_key(identifier: str, issuer: str | None, secret: bytes) -> str:
    """Return the pseudonym of a patient whose identifier has an issuer.

    Two hospitals give the same number to different persons.

    Args:
        identifier: Patient ID (0010,0020).
        issuer: Issuer of Patient ID (0010,0021), or None; the pseudonym is then the same as in a table.
        secret: of this installation, see `installation_secret`.
    """
    return patient_key(f"{identifier}\n{issuer}" if issuer else identifier, secret)


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

    It is created at the first use.

    The secret is 32 random bytes in a file that only its owner can read. Of several processes that create it at the
    same time one wins, and all return the same bytes.

    Raises:
        DataError: the file can neither be read nor created.
    """
    try:
        return _read_or_create(workspace.data / SECRET_FILE)
    except OSError as error:
        raise DataError(
            f"The file {SECRET_FILE} in the data folder can't be read or created ({type(error).__name__}); "
            "patients are given pseudonyms with it. Check the folder's permissions."
        ) from None


@cache
def _read_or_create(path: Path) -> bytes:
    deadline = time.monotonic() + WRITE_SECONDS
    while True:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _create(path)
        if secret := path.read_bytes():
            return secret
        if time.monotonic() > deadline:  # no process is writing it: a crash has left it empty
            path.unlink(missing_ok=True)
        time.sleep(0.05)


def _create(path: Path) -> None:
    """Write a new secret, unless another process has just done so."""
    secret = secrets.token_bytes(SECRET_BYTES)
    draft = path.with_name(f"{SECRET_FILE}-{secrets.token_hex(8)}")
    _write_new(draft, secret)
    try:
        os.link(draft, path)  # unlike a rename, it never replaces a file
    except FileExistsError:
        pass
    except OSError:  # exFAT, SMB and some FUSE file systems have no hard links
        with suppress(FileExistsError):
            _write_new(path, secret)
    finally:
        draft.unlink()


def _write_new(path: Path, contents: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(contents)
