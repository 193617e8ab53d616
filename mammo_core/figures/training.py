"""Draw the learning curves of training runs from their metrics."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.metrics import EpochRecord, MetricsRecord, ResumeRecord, StartRecord, StepRecord
from mammo_core.figures.style import COLOURS, apply_style, literal, series_colour

Records = Sequence[MetricsRecord]
CurveMetric = Literal["loss", "auc", "accuracy"]
Progression = Literal["epoch", "step", "time"]
PROGRESSIONS: tuple[Progression, ...] = get_args(Progression)
AXIS_TITLES: dict[Progression, str] = {"epoch": "epoch", "step": "step", "time": "minutes of training"}
Scale = Callable[[Any], Any]  # positions in epochs → x
CURVES: dict[CurveMetric, str] = {"loss": "Loss", "auc": "AUC", "accuracy": "Accuracy"}  # titles, in their order
EPOCH_COLUMNS = ["epoch", "loss", "val_loss", "auc", "val_auc", "accuracy", "val_accuracy"]
STEP_COLUMNS = ["epoch", "step", "steps", "loss", "auc", "accuracy"]
MAX_POINTS = 1500  # of a line: a long run has more steps than a screen has pixels, and is redrawn every second
MARGIN = 0.06  # above and below the curves, as a share of what they span
DECADE_TICKS = (1, 1.5, 2, 3, 5, 7)  # of a logarithmic axis; few enough to be read
WIDE_TICKS = (1, 2, 5)  # likewise, where it spans more than `WIDE` decades
WIDE = 1.3
FAINT: dict[str, Any] = {  # a line of single steps behind their moving average
    "mode": "lines",
    "opacity": 0.45,
    "hoverinfo": "skip",
    "hovertemplate": None,
    "showlegend": False,
}
HEIGHT = 372  # px
SPARKLINE_HEIGHT = 90  # px
HOVER_PIXELS = 60  # at most so far from the pointer, a line's nearest point is among those shown


@dataclass(frozen=True)
class CurveOptions:
    """How learning curves are drawn.

    Attributes:
        logarithmic: whether the axis of the loss is logarithmic.
        smoothing: weight of the past in the moving average of the steps, in [0, 1).
        progression: what the horizontal axis counts. Time is that of training, without interruptions.
    """

    logarithmic: bool = False
    smoothing: float = 0.8
    progression: Progression = "epoch"


def base_rate(records: Records) -> float | None:
    """Return the validation part's share of negative images.

    This is the accuracy of always predicting "negative".
    """
    start = next((record for record in records if isinstance(record, StartRecord)), None)
    if start is None:
        return None
    part = start.parts["validation"]
    return 1 - part.positive_images / part.images


def entropy(rate: float) -> float:
    """Return the cross-entropy, in nats, of always predicting the base rate."""
    return -sum(share * math.log(share) for share in (rate, 1 - rate) if share > 0)


def always_negative(records: Records, metric: CurveMetric) -> float | None:
    """Return the value of a metric for a model that always predicts the base rate.

    None as long as the base rate isn't known.
    """
    rate = base_rate(records)
    if rate is None:
        return None
    return {"loss": entropy(rate), "auc": 0.5, "accuracy": rate}[metric]


def best_epoch(records: Records) -> int | None:
    """Return the epoch with the highest validation AUC; None before the first.

    At equal AUC, the lowest validation loss decides.
    """
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    return max(epochs, key=lambda record: (record.val_auc, -record.val_loss)).epoch if epochs else None


def learning_curves(runs: Mapping[str, Records], metric: CurveMetric, options: CurveOptions | None = None) -> go.Figure:
    """Draw one metric of one or several runs, by step and by epoch.

    Of a single run, training and validation have a colour each; of several, each run has one, and its training is dotted.
    Steps of a single run are faint, with a moving average. A dashed line shows a model that always predicts "negative".

    Args:
        runs: the records of each run, by its name.
        metric: what to draw.
        options: how to draw it.
    """
    options = options or CurveOptions()
    figure = go.Figure()
    levels: list[float] = []
    for index, (name, records) in enumerate(runs.items()):
        line = _single_line() if len(runs) == 1 else _compared_line(index, literal(name))
        levels += _add_run(figure, records, metric, options, line)
    level = next((level for records in runs.values() if (level := always_negative(records, metric)) is not None), None)
    if level is not None:
        _add_level(figure, level)
    if len(runs) == 1:
        (records,) = runs.values()
        _mark_epochs(figure, records, horizontal_scale(records, options.progression))
    _set_axes(figure, metric, [*levels, *([] if level is None else [level])], options)
    return figure


def epochs_table(runs: Mapping[str, Records]) -> pd.DataFrame:
    """Return the metrics of each finished epoch of runs.

    Its columns are run, then `EPOCH_COLUMNS`.
    """
    tables = [_epochs(records).assign(run=name) for name, records in runs.items()]
    return pd.concat(tables, ignore_index=True)[["run", *EPOCH_COLUMNS]]


def horizontal_scale(records: Records, progression: Progression) -> Scale:
    """Return the function from positions in epochs to the horizontal axis."""
    if progression == "epoch":
        return lambda position: position
    if progression == "step":
        steps = max((record.steps for record in records if isinstance(record, StepRecord)), default=1)
        return lambda position: position * steps
    minutes = _minutes(records)
    return lambda position: np.interp(position, list(minutes), list(minutes.values()))


def _minutes(records: Records) -> dict[float, float]:
    """Return the minutes of training by position in epochs, without interruptions."""
    minutes, trained, before = {0.0: 0.0}, 0.0, records[0].time if records else 0.0
    for record in records:
        if not isinstance(record, ResumeRecord):
            trained += max(0.0, record.time - before)
        before = record.time
        if isinstance(record, StepRecord):
            minutes[record.epoch - 1 + record.step / record.steps] = trained / 60
        elif isinstance(record, EpochRecord):
            minutes.setdefault(float(record.epoch), trained / 60)  # its last step came before the validation
    return minutes


def loss_sparkline(records: Records) -> go.Figure:
    """Draw the smoothed loss of a run's steps, small and without axes."""
    figure, steps = go.Figure(), _thin(_steps(records))
    if not steps.empty:
        smooth = steps["loss"].ewm(alpha=0.2).mean()
        _add_line(figure, steps["position"], smooth, "training loss", {"color": COLOURS["train"]}, mode="lines")
    apply_style(figure, height=SPARKLINE_HEIGHT, margin={"l": 0, "r": 0, "t": 4, "b": 4}, showlegend=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.update_layout(uirevision="sparkline")


@dataclass(frozen=True)
class _Line:
    """How one run is drawn.

    Attributes:
        train, validation: its colours.
        run: its name; nothing for a single run.
    """

    train: str
    validation: str
    run: str = ""

    @property
    def is_single(self) -> bool:
        return not self.run

    @property
    def prefix(self) -> str:
        return f"{self.run}, " if self.run else ""


def _single_line() -> _Line:
    return _Line(COLOURS["train"], COLOURS["validation"])


def _compared_line(index: int, name: str) -> _Line:
    colour = series_colour(index)
    return _Line(colour, colour, name)


def _add_run(
    figure: go.Figure, records: Records, metric: CurveMetric, options: CurveOptions, line: _Line
) -> list[float]:
    """Add the lines of a run, and return the values that the axis must show."""
    steps, epochs = _steps(records), _epochs(records)
    scale = horizontal_scale(records, options.progression)
    shown: list[float] = []
    group = {"legendgroup": line.run or "training"}
    if not steps.empty:
        steps["smooth"] = steps[metric].ewm(alpha=1 - options.smoothing).mean()
        steps = _thin(steps)
        shown += steps["smooth"].tolist()
        if line.is_single:
            faint = {"color": line.train, "width": 1}
            _add_line(figure, scale(steps["position"]), steps[metric], "training, steps", faint, **FAINT, **group)
        style = {
            "color": line.train,
            "width": 2 if line.is_single else 1.5,
            "dash": "solid" if line.is_single else "dot",
        }
        trace = {"mode": "lines", "showlegend": line.is_single, **group}
        _add_line(figure, scale(steps["position"]), steps["smooth"], f"{line.prefix}training", style, **trace)
    if not epochs.empty:
        shown += [*epochs[metric], *epochs[f"val_{metric}"]]
        if line.is_single:
            trace = {"mode": "markers", "showlegend": steps.empty, **group}
            _add_line(
                figure, scale(epochs["epoch"]), epochs[metric], "training, whole epoch", {"color": line.train}, **trace
            )
        group = {"legendgroup": line.run or "validation"}
        name, style = line.run or "validation", {"color": line.validation}
        _add_line(figure, scale(epochs["epoch"]), epochs[f"val_{metric}"], name, style, **group)
        if metric == "auc":
            _mark_best(figure, records, line, scale)
    return shown


def _mark_best(figure: go.Figure, records: Records, line: _Line, scale: Scale) -> None:
    """Mark the epoch whose network is kept: it has the highest validation AUC."""
    best = next(record for record in records if isinstance(record, EpochRecord) and record.epoch == best_epoch(records))
    figure.add_scatter(
        x=[scale(best.epoch)],
        y=[best.val_auc],
        mode="markers",
        name=f"{line.prefix}best validation AUC (epoch {best.epoch})",
        uid=f"{line.prefix}best",
        marker={"symbol": "star", "size": 14, "color": line.validation},
        cliponaxis=False,
        legendgroup=line.run or "validation",
        showlegend=False,
        hoverinfo="skip",
    )
    if line.is_single:
        late = best.epoch > records[-1].epoch / 2 if isinstance(records[-1], (EpochRecord, StepRecord)) else False
        figure.add_annotation(
            x=scale(best.epoch),
            y=best.val_auc,
            text=f"best validation AUC (epoch {best.epoch})",
            showarrow=False,
            xanchor="right" if late else "left",
            yanchor="bottom",
            yshift=8,
            font={"size": 12, "color": line.validation},
        )


def _epochs(records: Records) -> pd.DataFrame:
    """Return the epochs' metrics, one row per epoch."""
    return _to_frame([record for record in records if isinstance(record, EpochRecord)], EPOCH_COLUMNS)


def _steps(records: Records) -> pd.DataFrame:
    """Return the steps' metrics, with their position in epochs."""
    steps = _to_frame([record for record in records if isinstance(record, StepRecord)], STEP_COLUMNS)
    return steps if steps.empty else steps.assign(position=steps["epoch"] - 1 + steps["step"] / steps["steps"])


def _to_frame(records: Records, columns: Sequence[str]) -> pd.DataFrame:
    """Return some attributes of records, one row per record."""
    return pd.DataFrame.from_records(list(map(attrgetter(*columns), records)), columns=columns)


def _thin(steps: pd.DataFrame) -> pd.DataFrame:
    """Return every n-th row and the last, at most `MAX_POINTS` rows."""
    stride = max(1, math.ceil(len(steps) / MAX_POINTS))
    return steps.iloc[(len(steps) - 1) % stride :: stride]


def _add_line(figure: go.Figure, x: Any, y: Any, name: str, line: dict[str, Any], **options: Any) -> None:
    """Add a line; `options` go to the trace."""
    figure.add_scatter(
        x=np.asarray(x),
        y=np.asarray(y),
        name=name,
        uid=name,  # so that lines which the user hid stay hidden when others are added before them
        line={"width": 2.5, **line},
        **{"mode": "lines+markers", "hovertemplate": "%{y:.4f}", **options},
    )


def _add_level(figure: go.Figure, value: float) -> None:
    """Add a dashed line that is named in the legend.

    An annotation would hide the curves, or be hidden by them.
    """
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_hline(value, line=line, name=f"always “negative” ({value:.3f})", showlegend=True)


def _mark_epochs(figure: go.Figure, records: Records, scale: Scale) -> None:
    """Mark the epochs after which something new began: a resumed run, or fine-tuning."""
    for record in records:
        if isinstance(record, ResumeRecord):
            _add_vertical(figure, scale(record.epoch), "resumed", "bottom right")
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    for before, after in pairwise(epochs):
        if (before.phase, after.phase) == ("head", "fine_tuning"):
            _add_vertical(figure, scale(before.epoch), "fine-tuning begins", "bottom left")


def _add_vertical(figure: go.Figure, x: float, text: str, text_position: str) -> None:
    figure.add_vline(
        x,
        line={"dash": "dot", "width": 1, "color": COLOURS["reference"]},
        annotation={"text": text, "font": {"size": 12}},
        annotation_position=text_position,
    )


def _set_axes(figure: go.Figure, metric: CurveMetric, levels: Sequence[float], options: CurveOptions) -> None:
    """Set title, axes, legend and revision of a chart.

    The revision keeps the user's zoom and legend choices at each refresh. The axis shows the differences between the
    curves, and the model that always predicts "negative".
    """
    apply_style(figure)
    scale = "log" if options.logarithmic and metric == "loss" else "linear"
    figure.update_yaxes(type=scale, uirevision=scale, tickformat=None if scale == "log" else "~g")
    if levels:
        figure.update_yaxes(**(_log_axis(levels) if scale == "log" else _linear_axis(levels, metric)))
    if metric == "loss":
        figure.update_yaxes(title="nats")
    title = AXIS_TITLES[options.progression]
    figure.update_xaxes(
        title=title,
        rangemode="tozero",
        uirevision=options.progression,
        hoverformat=".2~f",
        unifiedhovertitle={"text": f"{title} %{{x:.2~f}}"},
        ticklabelstandoff=6,
    )
    figure.update_layout(
        title={"text": CURVES[metric], "x": 0, "xref": "paper", "y": 0.97, "yref": "container", "font": {"size": 15}},
        uirevision=metric,
        height=HEIGHT,
        margin={"t": 76, "r": 12},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        hoverdistance=HOVER_PIXELS,
    )


def _linear_axis(levels: Sequence[float], metric: CurveMetric) -> dict[str, Any]:
    low, high = min(levels), max(levels)
    margin = MARGIN * (high - low) or MARGIN
    if metric == "loss":
        return {"range": [max(0.0, low - margin), high + margin]}
    above = 2 * margin if metric == "auc" else margin  # room for the mark of the best epoch
    return {"range": [low - margin, min(1.0, high) + above]}


def _log_axis(levels: Sequence[float]) -> dict[str, Any]:
    """Return a range, and ticks whose labels say their whole value."""
    positive = [level for level in levels if level > 0] or [1.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    digits = WIDE_TICKS if high - low > WIDE else DECADE_TICKS
    ticks = [digit * 10.0**decade for decade in range(math.floor(low) - 2, math.ceil(high) + 2) for digit in digits]
    margin = MARGIN * (high - low) or MARGIN
    return {
        "range": [low - margin, high + margin],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }
