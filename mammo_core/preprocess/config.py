"""The parameters of preprocessing.

They are stored as contract.json in every prepared store and model bundle.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mammo_core.errors import ConfigError

SIZE_STEP = 32  # pixels: the networks halve an image up to five times
VERSION = 2  # of the procedure in this package


@dataclass(frozen=True)
class PreprocessingConfig:
    """The parameters of preprocessing.

    Images made with different ones are never mixed.

    Attributes:
        size: side of the model input in pixels, a multiple of 32.
        low_percentile, high_percentile: of the breast's values; they are mapped to `floor` and 1.
        floor: grey level in [0, 1] of the breast's darkest values, so that breast and background differ.
        skin: grey level at which the skin begins, between air (0) and the breast's median (1).
        version: of the procedure.
    """

    size: int = 256
    low_percentile: float = 1.0
    high_percentile: float = 99.5
    floor: float = 0.05
    skin: float = 0.08
    version: int = VERSION

    def __post_init__(self) -> None:
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

    def to_json(self) -> dict[str, int | float]:
        """Return the parameters as a JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "PreprocessingConfig":
        """Return the parameters in a JSON document.

        Raises:
            ConfigError: the document has other parameters, or another version of the procedure.
        """
        if set(document) != {field.name for field in fields(cls)}:
            raise ConfigError("The preprocessing configuration has other parameters than this version of the software.")
        preprocessing = cls(**document)
        if preprocessing.version != VERSION:
            raise ConfigError(
                f"The preprocessing configuration is of version {preprocessing.version}; this software has version {VERSION}."
            )
        return preprocessing

    @property
    def identity(self) -> str:
        """A hash of the parameters, 16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]
