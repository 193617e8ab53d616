"""The table in which a user corrects patient, side and view of images."""

from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar, Self

import pandas as pd

from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import VIEWS, Correction
from mammo_core.prediction.image_results import UNKNOWN, ImagePrediction


@dataclass(frozen=True)
class CorrectionTable:
    """Patient, side and view of each predicted image, as a user edits them.

    Attributes:
        digests: of the images, in order; see `DecodedImage.digest`.
        rows: number and name of the file, patient, side, view, and changes: what was unusual in reading the file.
    """

    NOT_SET: ClassVar[str] = "?"

    digests: tuple[str, ...]
    rows: pd.DataFrame

    @classmethod
    def of(cls, report: ExamReport) -> Self:
        """Return the table of a report's images."""
        numbered = [
            (number, image) for number, image in enumerate(report.images, 1) if isinstance(image, ImagePrediction)
        ]
        rows = [
            {
                "number": number,
                "file": image.file,
                "patient": image.decoded.patient or UNKNOWN,
                "side": image.decoded.laterality or cls.NOT_SET,
                "view": image.decoded.view or cls.NOT_SET,
                "changes": " ".join(image.decoded.notes) or "none",
            }
            for number, image in numbered
        ]
        return cls(tuple(image.decoded.digest for _, image in numbered), pd.DataFrame(rows))

    @property
    def has_unknown(self) -> bool:
        """Whether the side or view of any image is unknown."""
        return bool((self.rows[["side", "view"]] == self.NOT_SET).any(axis=None))

    @property
    def views(self) -> list[str]:
        """The views that a user can choose from."""
        return sorted({*VIEWS, self.NOT_SET, *self.rows["view"]})

    def changes(self, edited: pd.DataFrame, corrected: Container[str] = ()) -> dict[str, Correction]:
        """Return the corrections in an edited table, by digest.

        Args:
            edited: `rows` after editing.
            corrected: digests of images that were corrected before; their rows are returned even if unchanged.
        """
        rows = zip(self.digests, edited.to_dict("records"), self.rows.to_dict("records"), strict=True)
        return {digest: self._correction(row) for digest, row, before in rows if digest in corrected or row != before}

    def _correction(self, row: dict[str, str]) -> Correction:
        patient = row["patient"].strip()
        side, view = (None if row[name] == self.NOT_SET else row[name] for name in ("side", "view"))
        return Correction(None if patient in ("", UNKNOWN) else patient, side, view)
