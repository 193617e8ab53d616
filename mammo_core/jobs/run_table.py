"""Tabulate training runs, with a column for every setting and result."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.training_runs import TrainingRun

RUN, STATE, TAGS, NOTE, STARTED = "run", "state", "tags", "note", "started"
AUC, AUC_INTERVAL = "AUC", "AUC, 95 % CI"
DIFFERENCE, DIFFERENCE_INTERVAL = "ΔAUC to the baseline", "ΔAUC, 95 % CI"
SWEEP_RUN = re.compile(r"(?P<sweep>.+-sweep-\d{8}-\d{6}(-\d)?)-\d{2,}")  # name of a run that a sweep has started
SETTINGS = {  # by field of the configuration: column
    name: {"epochs": "max. epochs"}.get(name, name.replace("_", " ")) for name in TrainingConfig.model_fields
}
Value = str | float | int | bool | None


def _value_of(name: str) -> Callable[[TrainingRun], Value]:
    """Return the function that looks up a figure of merit of a run."""

    def value(run: TrainingRun) -> Value:
        figure = run.figures.get(name)
        return figure.value if figure else None

    return value


RESULTS: Mapping[str, Callable[[TrainingRun], Value]] = {
    RUN: lambda run: run.name,
    STATE: lambda run: run.state,
    AUC: _value_of("auc"),
    AUC_INTERVAL: lambda run: format_bounds(run.auc),
    "average precision": _value_of("average_precision"),
    "sensitivity at 90 % specificity": _value_of("sensitivity_at_90_specificity"),
    "partial AUC": _value_of("partial_auc"),
    "Brier score": _value_of("brier"),
    "validation AUC": lambda run: run.validation_auc,
    "best epoch": lambda run: run.best_epoch,
    "epochs": lambda run: run.epochs,
    "minutes": lambda run: None if run.seconds is None else round(run.seconds / 60, 1),
    STARTED: lambda run: f"{datetime.fromtimestamp(run.requested_at):%Y-%m-%d %H:%M:%S}",
    TAGS: lambda run: ", ".join(run.tags.tags) or None,
    NOTE: lambda run: " ".join(run.note.split()) or None,
    "sweep": lambda run: sweep_of(run.name),
    "archived": lambda run: run.tags.archived,
}
FIRST_COLUMNS = (RUN, STATE, SETTINGS["store"], SETTINGS["network"])
COLUMNS = tuple(dict.fromkeys((*FIRST_COLUMNS, *RESULTS, *SETTINGS.values())))
DEFAULT_COLUMNS = (*FIRST_COLUMNS, AUC, AUC_INTERVAL, "epochs", "minutes", STARTED, TAGS, NOTE)


@dataclass(frozen=True)
class RunFilter:
    """Which runs are listed; an empty filter keeps all but the archived ones.

    Attributes:
        states, stores, networks, tags: those of which a run must have one; empty for any.
        archived: whether archived runs are listed, too.
    """

    states: Collection[str] = ()
    stores: Collection[str] = ()
    networks: Collection[str] = ()
    tags: Collection[str] = ()
    archived: bool = False

    def keeps(self, run: TrainingRun) -> bool:
        """Return whether a run is listed."""
        config = run.config
        return (
            (self.archived or not run.tags.archived)
            and (not self.states or run.state in self.states)
            and (not self.stores or (config is not None and config.store in self.stores))
            and (not self.networks or (config is not None and config.network in self.networks))
            and (not self.tags or not set(self.tags).isdisjoint(run.tags.tags))
        )


@dataclass(frozen=True)
class FilterOptions:
    """The values that some runs have, each sorted.

    Attributes:
        states, stores, networks, tags: of all the runs.
    """

    states: list[str]
    stores: list[str]
    networks: list[str]
    tags: list[str]


def filter_options(runs: Sequence[TrainingRun]) -> FilterOptions:
    """Return the values that runs can be filtered by."""
    configs = [run.config for run in runs if run.config]
    return FilterOptions(
        states=sorted({run.state for run in runs}),
        stores=sorted({config.store for config in configs}),
        networks=sorted({config.network for config in configs}),
        tags=sorted({tag for run in runs for tag in run.tags.tags}),
    )


def sweep_of(name: str) -> str | None:
    """Return the name of the sweep that started a run; None if none did."""
    match = SWEEP_RUN.fullmatch(name)
    return match["sweep"] if match else None


def format_bounds(figure: Estimate | None) -> str | None:
    """Return an interval as text, such as "0.790–0.870"; None without one."""
    if figure is None or figure.low is None or figure.high is None:
        return None
    return f"{figure.low:.3f}–{figure.high:.3f}"


def tabulate_runs(runs: Sequence[TrainingRun]) -> pd.DataFrame:
    """Return every result and setting of runs.

    Returns:
        One row per run, in order, with the columns `COLUMNS`. Unknown values are missing; a number stays a number.
    """
    return pd.DataFrame([_row(run) for run in runs], columns=list(COLUMNS)).convert_dtypes()


def _row(run: TrainingRun) -> dict[str, Value]:
    row = {column: value(run) for column, value in RESULTS.items()}
    settings = run.config.model_dump() if run.config else {}
    return row | {column: settings.get(name) for name, column in SETTINGS.items()}


def with_differences(table: pd.DataFrame, gains: Mapping[str, Estimate | None], baseline: str) -> pd.DataFrame:
    """Return a table of runs with their paired differences from a baseline.

    Args:
        table: see `tabulate_runs`.
        gains: AUC of a run minus AUC of the baseline, by the run's name; None where the two aren't comparable.
        baseline: the name of that run.

    Returns:
        The table with two more columns after the AUC. The second says where there is no difference: "not comparable", or
        "baseline" for that itself.
    """
    words = {**dict.fromkeys(gains, "not comparable"), baseline: "baseline"}
    known = {name: gain for name, gain in gains.items() if gain is not None}
    position = table.columns.get_loc(AUC_INTERVAL) + 1 if AUC_INTERVAL in table else len(table.columns)
    left, right = table.iloc[:, :position], table.iloc[:, position:]
    added = pd.DataFrame(
        {
            DIFFERENCE: [known[name].value if name in known else None for name in table[RUN]],
            DIFFERENCE_INTERVAL: [
                _describe_gain(known[name]) if name in known else words.get(name) for name in table[RUN]
            ],
        },
        index=table.index,
    ).astype({DIFFERENCE: "Float64", DIFFERENCE_INTERVAL: "string"})
    return pd.concat([left, added, right], axis=1)


def _describe_gain(gain: Estimate) -> str:
    if gain.low is None or gain.high is None:
        return "no interval"
    return f"{gain.low:+.3f} to {gain.high:+.3f}"


def differing_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns in which some rows differ, and that of the runs' names.

    With fewer than two rows nothing can differ, so it is all columns.
    """
    if len(table) < 2:
        return list(table.columns)
    return [column for column in table.columns if column == RUN or table[column].nunique(dropna=False) > 1]


def sort_table(table: pd.DataFrame, column: str, *, descending: bool) -> pd.DataFrame:
    """Return a table sorted by a column; rows without a value come last."""
    if column not in table:
        return table
    by_text = not pd.api.types.is_numeric_dtype(table[column])
    return table.sort_values(
        column,
        ascending=not descending,
        na_position="last",
        kind="stable",
        key=(lambda values: values.str.casefold()) if by_text else None,
    ).reset_index(drop=True)
