"""Size and storage of an image, from its header alone."""

from dataclasses import dataclass
from pathlib import Path

from mammo_core.dicom import header
from mammo_core.dicom.guard import only_image_errors


@dataclass(frozen=True)
class HeaderSummary:
    """The size and storage of an image; no attribute can name a person.

    Attributes:
        rows, columns: pixels, (0028,0010) and (0028,0011).
        photometric: Photometric Interpretation (0028,0004), "none" without it.
        bits: Bits Stored (0028,0101).
        syntax: name of the Transfer Syntax (0002,0010).
    """

    rows: int
    columns: int
    photometric: str
    bits: int
    syntax: str


def read_header(source: Path | bytes) -> HeaderSummary:
    """Read the header of a DICOM file up to its pixels, which may be missing.

    Raises:
        ImageError: the file isn't DICOM, is too large, or its header is damaged.
    """
    with header.open_stream(source) as opened, only_image_errors():
        dataset, syntax, _ = header.parse(opened)
        return HeaderSummary(
            rows=header.integer(dataset, "Rows"),
            columns=header.integer(dataset, "Columns"),
            photometric=str(dataset.get("PhotometricInterpretation") or "none").strip(),
            bits=header.integer(dataset, "BitsStored"),
            syntax=syntax.name,
        )
