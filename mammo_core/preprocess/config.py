"""The parameters of preprocessing, as they lie in every prepared store and model bundle."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from mammo_core.errors import ConfigError

SIDE = 32  # pixels: the networks halve an image five times at most
VERSION = 2  # of what this package does with the parameters


@dataclass(frozen=True)
class PreprocessingConfig:
    """The parameters of preprocessing.

    Attributes:
        size: side of the model input in pixels, a multiple of 32.
        low_percentile, high_percentile: of the breast's values; they become `floor` and 1.
        floor: grey level in [0, 1] of the breast's darkest values, so that breast and background differ.
        skin: where the skin begins between air (0) and the breast's median (1).
        version: of this module's procedure.
    """

    size: int = 256
    low_percentile: float = 1.0
    high_percentile: float = 99.5
    floor: float = 0.05
    skin: float = 0.08
    version: int = VERSION

    def __post_init__(self) -> None:
        """Refuse parameters outside their range."""
        if self.size % SIDE or not SIDE <= self.size <= 4096:
            raise ConfigError(
                f"The model input's side is {self.size} pixels; it must be a multiple of {SIDE}, from {SIDE} to 4096."
            )
        if not 0 <= self.low_percentile < self.high_percentile <= 100:
            raise ConfigError("The percentiles must rise from 0 to 100.")
        if not (0 <= self.floor < 1 and 0 < self.skin < 1):
            raise ConfigError("Floor and skin level must lie between 0 and 1.")

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as a JSON document."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "PreprocessingConfig":
        """Read the parameters.

        Raises:
            ConfigError: they aren't those of a contract that this version can fulfil.
        """
        if set(document) != {field.name for field in fields(cls)}:
            raise ConfigError("The preprocessing contract has other parameters than this version knows.")
        preprocessing = cls(**document)
        if preprocessing.version != VERSION:
            raise ConfigError(
                f"The preprocessing contract is version {preprocessing.version}; this is version {VERSION}."
            )
        return preprocessing

    @property
    def identity(self) -> str:
        """Return a hash of the parameters, 16 hex digits."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]
