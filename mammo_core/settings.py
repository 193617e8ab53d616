"""Folders and limits, from defaults and `MAMMO_…` environment variables (`MAMMO_DATA=/mnt/rsna`)."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mammo_core.errors import ConfigError

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED_MODELS = PROJECT / "models"


class Settings(BaseSettings):
    """Every setting of the application; the environment variable is `MAMMO_` plus the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MAMMO_", frozen=True)

    data: Path = Field(PROJECT / "data", description="data sets and prepared stores")
    models: Path = Field(PROJECT / "models", description="run folders and model bundles")
    max_megapixels: float = Field(100.0, gt=0, description="largest image that is decoded, in 10⁶ pixels")
    max_file_bytes: int = Field(2**30, gt=0, description="largest file that is read, in bytes")
    decode_seconds: float = Field(20.0, gt=0, description="wall time that one upload's decoding may take")
    decode_bytes: int = Field(3 * 2**30, gt=0, description="memory that a decoding worker may take, in bytes")
    decode_workers: int = Field(2, ge=1, description="processes that decode uploads")

    @field_validator("data", "models")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """A worker or a detached process works in another folder than the one that the path was given in."""
        return path.expanduser().absolute()


@cache
def settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        ConfigError: an environment variable has a value outside its range.
    """
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        first = error.errors()[0]
        name = "MAMMO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"The environment variable {name} is not usable: {first['msg']}.") from None


def as_environment() -> dict[str, str]:
    """Return the environment variables that give a process on another machine the settings of this one."""
    return {f"MAMMO_{name.upper()}": str(value) for name, value in settings().model_dump().items()}


def apply_environment(environment: Mapping[str, str]) -> None:
    """Take over the settings that `as_environment` returned in another process."""
    if as_environment() != environment:
        os.environ.update(environment)
        settings.cache_clear()
