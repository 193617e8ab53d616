"""Draw the learning curves of training runs from their metrics."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mammo_core.documents.metrics import EpochRecord, MetricsRecord, ResumeRecord, StartRecord, StepRecord
from mammo_core.figures.style import COLOURS, apply_style, literal, series_colour

Records = Sequence[MetricsRecord]
ComparedMetric = Literal["val_loss", "val_auc"]
COMPARED: dict[ComparedMetric, str] = {"val_loss": "validation loss, nats", "val_auc": "validation AUC, 0 to 1"}
EPOCH_COLUMNS = ["epoch", "loss", "val_loss", "auc", "val_auc", "accuracy", "val_accuracy"]
STEP_COLUMNS = ["epoch", "step", "steps", "loss", "auc", "accuracy"]
MAX_POINTS = 1500  # of a line: a long run has more steps than a screen has pixels, and is redrawn every second


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


def best_epoch(records: Records) -> int | None:
    """Return the epoch with the highest validation AUC; None before the first.

    At equal AUC, the lowest validation loss decides.
    """
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    return max(epochs, key=lambda record: (record.val_auc, -record.val_loss)).epoch if epochs else None


def loss_curves(records: Records, *, logarithmic: bool = False, smoothing: float = 0.8) -> go.Figure:
    """Draw the loss by step and by epoch.

    Each step is faint, with a moving average; each epoch has a point for both parts; a line shows the base rate's
    entropy.

    Args:
        records: the records of one run.
        logarithmic: whether the loss axis is logarithmic.
        smoothing: weight of the past in the moving average of the steps, in [0, 1).
    """
    figure = go.Figure()
    steps = _steps(records)
    if not steps.empty:
        steps["smooth"] = steps["loss"].ewm(alpha=1 - smoothing).mean()
        steps = _thin(steps)
        line = {"color": COLOURS["train"], "width": 1.5}
        _add_line(figure, steps["position"], steps["loss"], "training, steps", line, mode="lines", opacity=0.45)
        _add_line(figure, steps["position"], steps["smooth"], "training, smoothed", line, mode="lines")
    epochs = _epochs(records)
    if not epochs.empty:
        _add_line(figure, epochs["epoch"], epochs["loss"], "training", {"color": COLOURS["train"]})
        _add_line(figure, epochs["epoch"], epochs["val_loss"], "validation", {"color": COLOURS["validation"]})
    rate = base_rate(records)
    if rate is not None:
        _add_level(figure, entropy(rate), "entropy of the base rate")
    _mark_epochs(figure, records)
    scale = "log" if logarithmic else "linear"
    figure.update_yaxes(title="categorical cross-entropy, nats", type=scale, uirevision=scale)
    return _finish_layout(figure, "loss")


def score_curves(records: Records) -> go.Figure:
    """Draw AUC and accuracy of both parts by epoch, and the base rate.

    Those of the training part are drawn by step, too.
    """
    figure = go.Figure()
    steps = _thin(_steps(records))
    if not steps.empty:
        for metric, label, dash in (
            ("auc", "training AUC, steps", "solid"),
            ("accuracy", "training accuracy, steps", "dot"),
        ):
            line = {"color": COLOURS["train"], "dash": dash, "width": 1.5}
            _add_line(figure, steps["position"], steps[metric], label, line, mode="lines", opacity=0.45)
    epochs = _epochs(records)
    if not epochs.empty:
        for metric, label, colour, dash in (
            ("auc", "training AUC", "train", "solid"),
            ("val_auc", "validation AUC", "validation", "solid"),
            ("accuracy", "training accuracy", "train", "dot"),
            ("val_accuracy", "validation accuracy", "validation", "dot"),
        ):
            _add_line(figure, epochs["epoch"], epochs[metric], label, {"color": COLOURS[colour], "dash": dash})
    rate = base_rate(records)
    if rate is not None:
        _add_level(figure, rate, "base rate")
    _mark_epochs(figure, records)
    figure.update_yaxes(title="AUC or accuracy, 0 to 1", range=[0, 1.02])
    return _finish_layout(figure, "scores")


def compared_curves(runs: Mapping[str, Records], metric: ComparedMetric) -> go.Figure:
    """Draw one metric of several runs by epoch, the best epoch of each as a star.

    Args:
        runs: the records of each run, by its name.
        metric: what to draw.
    """
    figure = go.Figure()
    for index, (name, records) in enumerate(runs.items()):
        epochs = _epochs(records)
        if epochs.empty:
            continue
        shown, colour = literal(name), series_colour(index)
        _add_line(figure, epochs["epoch"], epochs[metric], shown, {"color": colour}, legendgroup=shown)
        best = epochs[epochs["epoch"] == best_epoch(records)]
        star = {"symbol": "star", "size": 13, "color": colour}
        options = {"mode": "markers", "marker": star, "showlegend": False, "legendgroup": shown}
        _add_line(figure, best["epoch"], best[metric], f"{shown}, best epoch", {}, **options)
    figure.update_yaxes(title=COMPARED[metric])
    return _finish_layout(figure, metric)


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
        hovertemplate="epoch %{x:.2f}: %{y:.4f}",
        **{"mode": "lines+markers", **options},
    )


def _add_level(figure: go.Figure, value: float, name: str) -> None:
    """Add a dashed line that is named in the legend.

    An annotation would hide the curves, or be hidden by them.
    """
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_hline(value, line=line, name=f"{name} ({value:.3f})", showlegend=True)


def _mark_epochs(figure: go.Figure, records: Records) -> None:
    """Mark the best epoch, and those after which something new began.

    That is a resumed run, or fine-tuning.
    """
    best = best_epoch(records)
    if best is not None:
        _add_vertical(figure, best, f"best epoch {best}", COLOURS["validation"], "top")
    for record in records:
        if isinstance(record, ResumeRecord):
            _add_vertical(figure, record.epoch, "resumed", COLOURS["reference"], "bottom right")
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    for before, after in pairwise(epochs):
        if (before.phase, after.phase) == ("head", "fine_tuning"):
            _add_vertical(figure, before.epoch, "fine-tuning begins", COLOURS["reference"], "bottom left")


def _add_vertical(figure: go.Figure, epoch: int, text: str, colour: str, text_position: str) -> None:
    figure.add_vline(
        epoch,
        line={"dash": "dot", "width": 1, "color": colour},
        annotation={"text": text, "font": {"size": 12}},
        annotation_position=text_position,
    )


def _finish_layout(figure: go.Figure, revision: str) -> go.Figure:
    """Set axis, legend and revision of a chart.

    The revision keeps the user's zoom and legend choices at each refresh.
    """
    apply_style(figure)
    figure.update_xaxes(title="epoch", rangemode="tozero")
    figure.update_layout(uirevision=revision, height=380, legend={"orientation": "h", "y": -0.22}, hovermode="closest")
    return figure
