"""Folders and limits, from defaults and `MAMMO_…` environment variables."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mammo_core.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent
PROJECT = PACKAGE.parent  # the folder from which `import mammo_core` works: a checkout, or site-packages
IS_CHECKOUT = (PROJECT / "pyproject.toml").is_file()
SHIPPED_MODELS = PROJECT / "models" if IS_CHECKOUT else PACKAGE / "shipped_models"


def default_folder(name: str) -> Path:
    """Return a folder of the checkout, or of the current folder if installed."""
    return (PROJECT if IS_CHECKOUT else Path.cwd()) / name


class Settings(BaseSettings):
    """Every setting of the application.

    The environment variable of a setting is `MAMMO_` plus its name in capitals.
    """

    model_config = SettingsConfigDict(env_prefix="MAMMO_", frozen=True)

    data: Path = Field(default_factory=lambda: default_folder("data"), description="data sets and prepared stores")
    models: Path = Field(default_factory=lambda: default_folder("models"), description="run folders and model bundles")
    max_megapixels: float = Field(100.0, gt=0, description="largest image that is decoded, in 10⁶ pixels")
    max_shown_megapixels: float = Field(
        200.0,
        gt=0,
        description="largest image that is shown at reduced resolution though it is above that, in 10⁶ pixels",
    )
    max_file_bytes: int = Field(2**30, gt=0, description="largest file that is read, in bytes")
    decode_seconds: float = Field(20.0, gt=0, description="wall time that one upload's decoding may take")
    decode_bytes: int = Field(3 * 2**30, gt=0, description="memory that a decoding worker may take, in bytes")
    decode_workers: int = Field(2, ge=1, description="processes of the server that decode uploads and images of exams")
    open_access: bool = Field(
        False,
        description="whether other machines are served without sign-in: something in front of the server decides who",
    )
    role_claim: str = Field("roles", description="claim of the identity token that lists a person's roles")
    viewer_role: str = Field("viewer", description="role in that claim that may explore and predict")
    editor_role: str = Field("editor", description="role in that claim that may do everything")
    session_hours: float = Field(
        0.0, ge=0, description="hours until a person has to sign in again; 0 for when the identity token expires"
    )

    schedulers: str = Field(
        "", description="addresses of the Dask schedulers on which the page may run sweeps, with commas between them"
    )

    @property
    def scheduler_addresses(self) -> tuple[str, ...]:
        """The addresses of `schedulers`, each once."""
        return tuple(dict.fromkeys(filter(None, (address.strip() for address in self.schedulers.split(",")))))

    @field_validator("data", "models")
    @classmethod
    def _make_absolute(cls, path: Path) -> Path:
        """Return an absolute path: other processes have other current folders."""
        return path.expanduser().absolute()


@cache
def settings() -> Settings:
    """Return the settings of this process; the environment is read once.

    Raises:
        ConfigError: a value in the environment is of the wrong type or outside its range.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "MAMMO_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(f"The environment variable {name} is not usable: {first['msg']}.") from None


def as_environment() -> dict[str, str]:
    """Return the environment that gives another process these settings."""
    return {f"MAMMO_{name.upper()}": str(value) for name, value in settings().model_dump().items()}


def apply_environment(environment: Mapping[str, str]) -> None:
    """Adopt the settings that `as_environment` returned in another process."""
    if as_environment() != environment:
        os.environ.update(environment)
        settings.cache_clear()
