"""The parameters of preprocessing: contract.json.

The file is in every prepared store and model bundle.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError, field_validator, model_validator

from mammo_core.documents.base import FileDocument
from mammo_core.errors import ConfigError
from mammo_core.storage.json_files import read_json

SIZE_STEP = 32  # pixels: the networks halve an image up to five times
MAX_SIDE = 4096  # pixels
VERSION = 2  # of the procedure in mammo_core.preprocess

Size = int | tuple[int, int]  # of a model input in pixels: side of a square, or rows and columns


def parse_size(text: str) -> Size:
    """Parse the size of a model input, such as "256" or "512x320".

    Raises:
        ConfigError: it is no such size.
    """
    match = re.fullmatch(r"\s*([0-9]{1,5})\s*(?:[x×]\s*([0-9]{1,5})\s*)?", text, re.IGNORECASE)
    if match is None:
        raise ConfigError(
            f"{text!r} is no size of an image. Give its side in pixels, such as 256, or ROWSxCOLUMNS: 512x320."
        )
    rows, columns = int(match[1]), int(match[2] or match[1])
    return check_size((rows, columns))


def check_size(size: Size) -> Size:
    """Check the size of a model input.

    Returns:
        The same size; a square's as its side, so that equal sizes are equal values.

    Raises:
        ConfigError: a side is too short, too long or no multiple of `SIZE_STEP`.
    """
    sides = rows_and_columns(size)
    if any(side % SIZE_STEP or not SIZE_STEP <= side <= MAX_SIDE for side in sides):
        raise ConfigError(
            f"The model input is to have {describe_size(size)} pixels; rows and columns must be multiples of {SIZE_STEP}, "
            f"from {SIZE_STEP} to {MAX_SIDE}."
        )
    rows, columns = sides
    return rows if rows == columns else sides


def rows_and_columns(size: Size) -> tuple[int, int]:
    """Return rows and columns of a size."""
    return (size, size) if isinstance(size, int) else size


def describe_size(size: Size) -> str:
    """Return a size as display text, such as "512 × 320": rows × columns."""
    rows, columns = rows_and_columns(size)
    return f"{rows} × {columns}"


def size_option(size: Size) -> str:
    """Return a size as `mammo import --size` takes it."""
    return str(size) if isinstance(size, int) else "{}x{}".format(*size)


class PreprocessingConfig(FileDocument):
    """contract.json: the parameters of preprocessing.

    Images made with different ones are never mixed.

    Attributes:
        size: of the model input in pixels, multiples of 32: the side of a square, or rows and columns.
        low_percentile: percentile of the breast's values that is mapped to `floor`.
        high_percentile: percentile of the breast's values that is mapped to 1.
        floor: grey level in [0, 1] of the breast's darkest values, so that breast and background differ.
        skin: grey level at which the skin begins, between air (0) and the breast's median (1).
        version: of the procedure; it also versions the file.
    """

    file_name: ClassVar = "contract.json"
    size: Size = 256
    low_percentile: float = 1.0
    high_percentile: float = 99.5
    floor: float = 0.05
    skin: float = 0.08
    version: int = VERSION

    @field_validator("size", mode="after")
    @classmethod
    def _check_size(cls, size: Size) -> Size:
        return check_size(size)

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        """Check that all parameters are within their range.

        Raises:
            ConfigError: one of them isn't.
        """
        if not 0 <= self.low_percentile < self.high_percentile <= 100:
            raise ConfigError("The percentiles must rise from 0 to 100.")
        if not (0 <= self.floor < 1 and 0 < self.skin < 1):
            raise ConfigError("Floor and skin level must lie between 0 and 1.")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            DataError: it is missing or is not JSON.
            ConfigError: it has other parameters, or another version of the procedure.
        """
        document = read_json(path)
        try:
            if not isinstance(document, dict) or set(document) != set(cls.model_fields):
                raise ConfigError(
                    "The preprocessing configuration has other parameters than this version of the software."
                )
            preprocessing = cls.model_validate(document)
        except ValidationError as error:
            name = error.errors()[0]["loc"][0]
            raise ConfigError(f"The preprocessing configuration has an unusable value of {name}.") from None
        if preprocessing.version != VERSION:
            raise ConfigError(
                f"The preprocessing configuration is of version {preprocessing.version}; this software has version {VERSION}."
            )
        return preprocessing

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the model input."""
        return rows_and_columns(self.size)

    @property
    def identity(self) -> str:
        """A hash of the parameters, 16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]
