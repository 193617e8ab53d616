"""The result of reloading a saved model in a fresh process.

The file is verification.json in a run's folder.
"""

from pathlib import Path
from typing import Literal

from mammo_core.documents.base import FileDocument

VERIFICATION = "verification.json"


class Verification(FileDocument):
    """How the saved model's predictions compare with those from before it was saved.

    Attributes:
        verified: whether all differences are within the tolerance.
        largest_difference: between two probabilities of the same validation image.
        images: validation images compared.
    """

    schema_version: Literal[1] = 1
    verified: bool
    largest_difference: float
    images: int

    def describe(self) -> str:
        """Return the result as a sentence, in Markdown."""
        if self.verified:
            return f"Saved model verified (reloaded; same predictions on {self.images:,} images)."
        return (
            f"Saved model not verified: after reloading, its predictions on {self.images:,} images differ by up to "
            f"{self.largest_difference:.1g}."
        )


def describe_verification(run: Path) -> str:
    """Return the result of a run's verification as a sentence, or nothing before it.

    Raises:
        DataError: the file is not a verification.
    """
    path = run / VERIFICATION
    return Verification.read(path).describe() if path.exists() else ""
