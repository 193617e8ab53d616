"""Bytes → a checked DICOM header, and the position where its pixels begin.

Only the elements named in `READ` are read: never a patient's name or birth date.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from mammo_core.dicom.gzip_file import inflate_gzip
from mammo_core.dicom.opened_files import open_file
from mammo_core.dicom.zip_member import ZipMember
from mammo_core.errors import ImageError
from mammo_core.settings import settings

PIXEL_DATA, FLOAT_DATA = 0x7FE00010, {0x7FE00008, 0x7FE00009}
OVERLAY_BIT = 0x60000102  # Overlay Bit Position: 0, or the bit of Pixel Data that the overlay takes
UNDEFINED = 0xFFFFFFFF
ZIP_MAGIC = b"PK\x03\x04"  # of a local file header (APPNOTE 4.3.7)
MAX_FRAMES = 10_000
MAX_FIRST_ELEMENT = 0x0020  # highest element of group 0002 or 0008 that a file without preamble may begin with
INFLATED_BYTES_PER_PIXEL = 4  # limit for deflated files, whose size isn't known beforehand
TECHNICAL = (  # may be shown; nothing here can name a person
    "Modality", "PresentationIntentType", "Manufacturer", "ManufacturerModelName", "PhotometricInterpretation",
    "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "PixelRepresentation", "PixelSpacing",
    "ImagerPixelSpacing", "PixelPaddingValue", "ImageLaterality", "ViewPosition", "RescaleSlope", "RescaleIntercept",
    "VOILUTFunction", "WindowCenter", "WindowWidth", "LossyImageCompression", "BreastImplantPresent",
    "EstimatedRadiographicMagnificationFactor", "DistanceSourceToDetector", "DistanceSourceToPatient", "PartialView",
    "SoftwareVersions", "KVP", "Exposure", "CompressionForce", "BodyPartThickness",
)  # fmt: skip
READ = (
    *TECHNICAL, "SOPClassUID", "SOPInstanceUID", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "StudyDate", "BodyPartExamined", "Laterality", "ViewCodeSequence", "ViewModifierCodeSequence", "PatientOrientation",
    "ImageType", "PartialViewDescription", "AcquisitionDeviceProcessingDescription", "SeriesDescription", "SamplesPerPixel",
    "HighBit", "PixelPaddingRangeLimit", "ModalityLUTSequence", "VOILUTSequence",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ExtendedOffsetTable",
)  # fmt: skip

READ_TAGS: list[BaseTag | int] = [BaseTag(cast(int, tag_for_keyword(keyword))) for keyword in READ]
READ_TAGS.append(BaseTag(OVERLAY_BIT))


@dataclass(frozen=True)
class Header:
    """What a file's header states about its pixels, and where they are.

    Attributes:
        dataset: the elements of `READ`, without pixels.
        syntax: Transfer Syntax UID (0002,0010).
        rows, columns: (0028,0010) and (0028,0011).
        frames: Number of Frames (0028,0008), 1 without it.
        allocated, bits, high: Bits Allocated (0028,0100), Bits Stored (0028,0101) and High Bit (0028,0102).
        signed: Pixel Representation (0028,0103).
        inverted: Photometric Interpretation (0028,0004) is MONOCHROME1.
        swapped: two pixels of 8 bits form a big-endian word (PS3.5 8.1.1).
        stream: positioned where the value of Pixel Data (7FE0,0010) begins.
        length: of that value in bytes; None for encapsulated frames.
        size: bytes in the stream.
    """

    dataset: Dataset
    syntax: uid.UID
    rows: int
    columns: int
    frames: int
    allocated: int
    bits: int
    high: int
    signed: bool
    inverted: bool
    swapped: bool
    stream: BinaryIO
    length: int | None
    size: int

    @property
    def little(self) -> bool:
        """Return whether numbers are little-endian."""
        return self.syntax != uid.ExplicitVRBigEndian


Source = Path | bytes | ZipMember  # a file: its path, its contents, or its position in a zip file


def open_stream(source: Source) -> BinaryIO:
    """Open a file, or bytes, unless it is too large; a gzip file is inflated.

    Raises:
        ImageError: the file is missing, can't be opened, exceeds the setting `max_file_bytes`, or is damaged within its
            zip or gzip file.
    """
    limit = settings().max_file_bytes
    try:
        if isinstance(source, ZipMember):
            if source.size > limit:
                raise too_large(f"The file inflates to {source.size / 1e6:,.1f} MB", f"{limit / 1e6:,.1f} MB are read")
            source = source.unpack()
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > limit:
            raise too_large(f"The file has {size / 1e6:,.1f} MB", f"{limit / 1e6:,.1f} MB are read")
        stream = io.BytesIO(source) if isinstance(source, bytes) else open_file(source)
        return inflate_gzip(stream, limit)
    except (FileNotFoundError, IsADirectoryError):
        raise ImageError("missing", "The file isn't there.") from None
    except OSError as error:
        raise ImageError("damaged", f"The file can't be opened ({type(error).__name__}).") from None


def too_large(what: str, limit: str) -> ImageError:
    """Return the error for something that exceeds a limit."""
    return ImageError("too_large", f"{what}; at most {limit}.")


def parse(stream: BinaryIO) -> tuple[Dataset, uid.UID, BinaryIO]:
    """Read the elements of `READ`, up to the pixels.

    Returns:
        The elements, the transfer syntax, and the stream at the tag of the pixels, or at its end. For a deflated file it
        is a new stream of the inflated bytes.

    Raises:
        ImageError: the file isn't DICOM, or its header is cut off.
    """
    _skip_preamble(stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        syntax = uid.UID(str(meta.get("TransferSyntaxUID") or "")) or _default_syntax(stream)
        if syntax == uid.DeflatedExplicitVRLittleEndian:
            stream = _inflate(stream)
        dataset = read_dataset(
            stream,
            syntax == uid.ImplicitVRLittleEndian,
            syntax != uid.ExplicitVRBigEndian,
            stop_when=_at_pixels,
            specific_tags=READ_TAGS,
        )
    if any("End of file" in str(item.message) for item in caught) or stream.tell() > _size(stream):
        raise ImageError("damaged", "The file is cut off: it ends within its header.")
    if "SOPClassUID" not in dataset and "MediaStorageSOPClassUID" in meta:
        dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    return dataset, syntax, stream


def _skip_preamble(stream: BinaryIO) -> None:
    """Move past the preamble.

    Files older than Part 10 of the standard have none and begin with an element.

    Raises:
        ImageError: the file isn't DICOM.
    """
    start = stream.read(132)
    if start[128:] == b"DICM":
        return
    group, element, vr, length = struct.unpack_from("<HH2sH", start.ljust(8, b"\0"))
    explicit, implicit = vr.isalpha() and vr.isupper(), length == 0 and vr != b"\0\0"
    if group not in (2, 8) or element > MAX_FIRST_ELEMENT or not (explicit or implicit):
        if start.startswith(ZIP_MAGIC):
            raise ImageError("not_dicom", "This is a zip archive. Give it a name that ends in .zip, or unpack it.")
        raise ImageError("not_dicom", "This isn't a DICOM file. Give files as the scanner or the data set gives them.")
    stream.seek(0)


def _default_syntax(stream: BinaryIO) -> uid.UID:
    """Return the transfer syntax of a file that doesn't name one.

    It is little-endian, with or without VRs.
    """
    vr = stream.read(6)[4:]
    stream.seek(-6, io.SEEK_CUR)
    return uid.ExplicitVRLittleEndian if vr.isalpha() and vr.isupper() else uid.ImplicitVRLittleEndian


def _at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    return tag == PIXEL_DATA or tag in FLOAT_DATA


def _size(stream: BinaryIO) -> int:
    position = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(position)
    return size


def _inflate(stream: BinaryIO) -> BinaryIO:
    """Return the inflated rest of a stream, up to a limit (PS3.5 A.5)."""
    limit = min(settings().max_file_bytes, int(settings().max_megapixels * 1e6 * INFLATED_BYTES_PER_PIXEL))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(stream.read(), limit + 1)
    if len(data) > limit:
        raise too_large("The deflated file inflates beyond its limit", f"{limit / 1e6:,.0f} MB are read")
    if not inflater.eof:
        raise ImageError("damaged", "The file is cut off: its deflated data has no end.")
    if inflater.unused_data.removeprefix(_gzip_trailer(data)).strip(b"\0"):
        raise ImageError("damaged", "The file is damaged: something follows its deflated data.")
    return io.BytesIO(data)


def _gzip_trailer(data: bytes) -> bytes:
    """Return the trailer that gzip appends to deflated data (RFC 1952 2.3.1).

    Some DICOM writers append it too.
    """
    return struct.pack("<II", zlib.crc32(data), len(data))


def check(dataset: Dataset, syntax: uid.UID, stream: BinaryIO, max_megapixels: float | None = None) -> Header:
    """Check what the header states about the pixels, and find them.

    Args:
        dataset: elements before the pixels.
        syntax: transfer syntax.
        stream: at the pixels.
        max_megapixels: largest image that is allowed, in 10⁶ pixels; None for the settings' `max_megapixels`.

    Raises:
        ImageError: something is missing, contradictory, not supported or too large.
    """
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    frames = integer(dataset, "NumberOfFrames", 1) or 1
    allocated, bits = integer(dataset, "BitsAllocated"), integer(dataset, "BitsStored")
    high = integer(dataset, "HighBit", bits - 1)
    if rows < 1 or columns < 1 or not 1 <= frames <= MAX_FRAMES:
        raise ImageError("damaged", "The header gives an impossible number of rows, columns or frames.")
    allowed = settings().max_megapixels if max_megapixels is None else max_megapixels
    if rows * columns > allowed * 1e6:
        limit = f"{allowed:g} are {'decoded' if max_megapixels is None else 'shown'}"
        raise too_large(f"The image has {rows * columns / 1e6:,.0f} megapixels", limit)
    if allocated not in (1, 8, 16, 32):
        raise ImageError("unsupported", f"Pixels of {allocated} bits aren't supported.")
    if not 1 <= bits <= high + 1 <= allocated:
        raise ImageError("damaged", "The header contradicts itself about the bits of a pixel.")
    kind, value = _find_pixels(syntax, stream)
    size = _size(stream)
    if value is not None and stream.tell() + value > size:
        raise ImageError("damaged", "The file is cut off: it ends before its image does.")
    return Header(
        dataset=dataset,
        syntax=syntax,
        rows=rows,
        columns=columns,
        frames=frames,
        allocated=allocated,
        bits=bits,
        high=high,
        signed=integer(dataset, "PixelRepresentation", 0) == 1,
        inverted=str(dataset.get("PhotometricInterpretation")).strip().upper() == "MONOCHROME1",
        swapped=syntax == uid.ExplicitVRBigEndian and allocated == 8 and kind == b"OW",
        stream=stream,
        length=value,
        size=size,
    )


def _find_pixels(syntax: uid.UID, stream: BinaryIO) -> tuple[bytes, int | None]:
    """Read the start of Pixel Data (7FE0,0010).

    Returns:
        Its VR, if it has one, and its length in bytes, None if undefined.
    """
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    start = stream.read(8)
    if len(start) < 8:
        raise ImageError("damaged", "The file is cut off: it ends before its image.")
    group, element, length = struct.unpack(order + "HHI", start)
    if (group << 16 | element) in FLOAT_DATA:
        raise ImageError("unsupported", "Pixels as floating-point numbers aren't supported.")
    kind = start[4:6]
    if kind in (b"OB", b"OW", b"UN"):
        (length,) = struct.unpack(order + "I", stream.read(4))
    return kind, None if length == UNDEFINED else length


def integer(dataset: Dataset, name: str, default: int | None = None) -> int:
    """Return an element's value as an integer.

    Raises:
        ImageError: the element is missing and there is no default, or it isn't a number.
    """
    value: Any = dataset.get(name)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    if value is None or value == "":
        if default is None:
            raise ImageError("damaged", f"The header lacks {name}.")
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ImageError("damaged", f"The header's {name} isn't a number.") from None


def decimals(value: Any) -> list[float]:
    """Return the numbers of an element's value, if any.

    Raises:
        ValueError: a value isn't a number.
    """
    if value is None or value == "":
        return []
    return [float(item) for item in value] if isinstance(value, MultiValue) else [float(value)]
