"""The parameters of preprocessing: contract.json.

The file is in every prepared store and model bundle.
"""

import hashlib
import json
from pathlib import Path
from typing import ClassVar, Self

from pydantic import ValidationError, model_validator

from mammo_core.documents.base import FileDocument
from mammo_core.errors import ConfigError
from mammo_core.storage.json_files import read_json

SIZE_STEP = 32  # pixels: the networks halve an image up to five times
VERSION = 2  # of the procedure in mammo_core.preprocess


class PreprocessingConfig(FileDocument):
    """contract.json: the parameters of preprocessing.

    Images made with different ones are never mixed.

    Attributes:
        size: side of the model input in pixels, a multiple of 32.
        low_percentile: percentile of the breast's values that is mapped to `floor`.
        high_percentile: percentile of the breast's values that is mapped to 1.
        floor: grey level in [0, 1] of the breast's darkest values, so that breast and background differ.
        skin: grey level at which the skin begins, between air (0) and the breast's median (1).
        version: of the procedure; it also versions the file.
    """

    file_name: ClassVar = "contract.json"
    size: int = 256
    low_percentile: float = 1.0
    high_percentile: float = 99.5
    floor: float = 0.05
    skin: float = 0.08
    version: int = VERSION

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        """Check that all parameters are within their range.

        Raises:
            ConfigError: one of them isn't.
        """
        if self.size % SIZE_STEP or not SIZE_STEP <= self.size <= 4096:
            raise ConfigError(
                f"The model input's side is {self.size} pixels; it must be a multiple of {SIZE_STEP}, from {SIZE_STEP} to 4096."
            )
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
            name = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ConfigError(f"The preprocessing configuration has an unusable value of {name}.") from None
        if preprocessing.version != VERSION:
            raise ConfigError(
                f"The preprocessing configuration is of version {preprocessing.version}; this software has version {VERSION}."
            )
        return preprocessing

    @property
    def identity(self) -> str:
        """A hash of the parameters, 16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]
