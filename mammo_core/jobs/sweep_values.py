"""Read the values of the settings that a sweep varies."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from mammo_core.documents.training_config import Network, TrainingConfig
from mammo_core.errors import ConfigError
from mammo_core.jobs.run_table import SETTINGS

FIXED = ("store", "folds", "fold")  # not varied: the data are given, and folds are chosen by their number
VARIABLE = tuple(name for name in TrainingConfig.model_fields if name not in FIXED)
MAX_RUNS = 100  # of a sweep that is started from a page
NONE = ("none", "null", "")  # what stands for no value


def options_of(name: str) -> list[JsonValue] | None:
    """Return all values of a setting that has only a few; None for any other."""
    annotation = TrainingConfig.model_fields[name].annotation
    if annotation is bool:
        return [True, False]
    return list(get_args(annotation)) if get_origin(annotation) is Literal else None


def parse_values(name: str, text: str) -> list[JsonValue]:
    """Return the values of a setting that are listed in a text.

    Args:
        name: of the setting, a field of `TrainingConfig`.
        text: values with commas between them; "none" is no value, where the setting may have none.

    Returns:
        Each value once, in the order of the text.

    Raises:
        ConfigError: one isn't a value of this setting, or there is none.
    """
    field = TrainingConfig.model_fields[name]
    checked: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(checked)
    values = [_parse_value(name, adapter, part.strip(), field) for part in text.split(",") if part.strip()]
    if not values:
        raise ConfigError(f"Give at least one value of “{SETTINGS[name]}”, with commas between several.")
    return list(dict.fromkeys(values))


def _parse_value(name: str, adapter: TypeAdapter[Any], text: str, field: FieldInfo) -> JsonValue:
    may_be_none = type(None) in get_args(field.annotation)
    try:
        value: JsonValue = adapter.validate_python(None if may_be_none and text.lower() in NONE else text)
        return value
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input ").partition(", unable")[0]
        raise ConfigError(f"{text!r} isn't a value of “{SETTINGS[name]}”: it {reason}.") from None


def count_runs(choices: Mapping[str, Sequence[JsonValue]], folds: int | None) -> int:
    """Return how many runs there are for all combinations and folds.

    Raises:
        ConfigError: they are more than `MAX_RUNS`.
    """
    number = folds or 1
    for values in choices.values():
        number *= len(values)
    if number > MAX_RUNS:
        raise ConfigError(f"These would be {number:,} runs; at most {MAX_RUNS} are started at once. Take fewer values.")
    return number


def without_foreign_start(configs: Sequence[TrainingConfig], network: Network) -> list[TrainingConfig]:
    """Let runs of other networks start from their own weights.

    No network can start from the weights of another one.

    Args:
        configs: of the runs.
        network: of the model that they are to start from.
    """
    return [
        config if config.network == network else config.model_copy(update={"start_from": None}) for config in configs
    ]
