"""A run's metrics → its learning curves."""

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import qualitative

from mammo_core.figures.style import COLOURS, apply_style

Records = list[dict[str, Any]]
MOST_POINTS = 1500  # of a line: a long run has more steps than a screen has pixels, and is drawn every second
COMPARED = {"val_loss": "validation loss, nats", "val_auc": "validation AUC, 0 to 1"}


def base_rate(records: Records) -> float | None:
    """Return the validation part's share of negative images: the accuracy of answering "negative" to everything."""
    start = next((record for record in records if record["kind"] == "start"), None)
    if start is None:
        return None
    part = start["parts"]["validation"]
    return 1 - part["positive_images"] / part["images"]


def entropy(rate: float) -> float:
    """Return the cross-entropy, in nats, of always answering with the base rate."""
    return -sum(share * math.log(share) for share in (rate, 1 - rate) if share > 0)


def best_epoch(records: Records) -> int | None:
    """Return the epoch with the highest validation AUC (then the lowest validation loss), or None before the first."""
    epochs = [record for record in records if record["kind"] == "epoch" and "val_auc" in record]
    return max(epochs, key=lambda record: (record["val_auc"], -record["val_loss"]))["epoch"] if epochs else None


def loss_curves(records: Records, *, logarithmic: bool = False, smoothing: float = 0.8) -> go.Figure:
    """Draw the loss: each step faintly, its moving average, each epoch of both parts, and the base rate's entropy.

    Args:
        records: of metrics.jsonl.
        logarithmic: whether the loss axis is.
        smoothing: weight of the past in the moving average of the steps, in [0, 1).
    """
    figure = go.Figure()
    steps = _steps(records)
    if not steps.empty:
        steps["smooth"] = steps["loss"].ewm(alpha=1 - smoothing).mean()
        steps = _thin(steps)
        line = {"color": COLOURS["train"], "width": 1.5}
        _line(figure, steps["position"], steps["loss"], "training, steps", line, mode="lines", opacity=0.25)
        _line(figure, steps["position"], steps["smooth"], "training, smoothed", line, mode="lines")
    epochs = _of_kind(records, "epoch")
    if not epochs.empty:
        _line(figure, epochs["epoch"], epochs["loss"], "training", {"color": COLOURS["train"]})
        if "val_loss" in epochs:
            _line(figure, epochs["epoch"], epochs["val_loss"], "validation", {"color": COLOURS["validation"]})
    rate = base_rate(records)
    if rate is not None:
        _level(figure, entropy(rate), "entropy of the base rate")
    _mark(figure, records)
    scale = "log" if logarithmic else "linear"
    figure.update_yaxes(title="categorical cross-entropy, nats", type=scale, uirevision=scale)
    return _finish(figure, "loss")


def score_curves(records: Records) -> go.Figure:
    """Draw AUC and accuracy of both parts by epoch, the training part's by step faintly, beside the base rate."""
    figure = go.Figure()
    steps = _steps(records)
    for name, label, dash in (("auc", "training AUC, steps", "solid"), ("accuracy", "training accuracy, steps", "dot")):
        if name in steps:
            thin = _thin(steps)
            line = {"color": COLOURS["train"], "dash": dash, "width": 1.5}
            _line(figure, thin["position"], thin[name], label, line, mode="lines", opacity=0.3)
    epochs = _of_kind(records, "epoch")
    for name, label, colour, dash in (
        ("auc", "training AUC", "train", "solid"),
        ("val_auc", "validation AUC", "validation", "solid"),
        ("accuracy", "training accuracy", "train", "dot"),
        ("val_accuracy", "validation accuracy", "validation", "dot"),
    ):
        if name in epochs:
            _line(figure, epochs["epoch"], epochs[name], label, {"color": COLOURS[colour], "dash": dash})
    rate = base_rate(records)
    if rate is not None:
        _level(figure, rate, "base rate")
    _mark(figure, records)
    figure.update_yaxes(title="AUC or accuracy, 0 to 1", range=[0, 1.02])
    return _finish(figure, "scores")


def compared_curves(runs: dict[str, Records], value: str) -> go.Figure:
    """Draw one value of several runs by epoch, each with its best epoch as a star.

    Args:
        runs: records of metrics.jsonl by the name of the run.
        value: one of `COMPARED`.
    """
    figure = go.Figure()
    for place, (name, records) in enumerate(runs.items()):
        epochs = _of_kind(records, "epoch")
        if value not in epochs:
            continue
        colour = qualitative.Safe[place % len(qualitative.Safe)]
        _line(figure, epochs["epoch"], epochs[value], name, {"color": colour}, legendgroup=name)
        best = epochs[epochs["epoch"] == best_epoch(records)]
        star = {"symbol": "star", "size": 13, "color": colour}
        more = {"mode": "markers", "marker": star, "showlegend": False, "legendgroup": name}
        _line(figure, best["epoch"], best[value], f"{name}, best epoch", {}, **more)
    figure.update_yaxes(title=COMPARED[value])
    return _finish(figure, value)


def _of_kind(records: Records, kind: str) -> pd.DataFrame:
    return pd.DataFrame([record for record in records if record["kind"] == kind])


def _steps(records: Records) -> pd.DataFrame:
    """Return the steps, with their position in epochs."""
    steps = _of_kind(records, "step")
    return steps if steps.empty else steps.assign(position=steps["epoch"] - 1 + steps["step"] / steps["steps"])


def _thin(steps: pd.DataFrame) -> pd.DataFrame:
    """Return every so many rows, and the last, so that no more than `MOST_POINTS` remain."""
    stride = math.ceil(len(steps) / MOST_POINTS)
    return steps.iloc[(len(steps) - 1) % stride :: stride]


def _line(figure: go.Figure, x: Any, y: Any, name: str, line: dict[str, Any], **more: Any) -> None:
    """Add a line; `more` goes to the trace."""
    figure.add_scatter(
        x=np.asarray(x),
        y=np.asarray(y),
        name=name,
        uid=name,  # by which what the user hid stays hidden when other lines come before it
        line={"width": 2.5, **line},
        hovertemplate="epoch %{x:.2f}: %{y:.4f}",
        **{"mode": "lines+markers", **more},
    )


def _level(figure: go.Figure, value: float, name: str) -> None:
    """Add a dashed line, named in the legend: a text beside it would hide the curves, or lie under them."""
    line = {"dash": "dash", "width": 1.5, "color": COLOURS["reference"]}
    figure.add_hline(value, line=line, name=f"{name} ({value:.3f})", showlegend=True)


def _mark(figure: go.Figure, records: Records) -> None:
    """Mark the best epoch, and the seams where the run was resumed."""
    best = best_epoch(records)
    if best is not None:
        _vertical(figure, best, f"best epoch {best}", COLOURS["validation"], "top")
    for record in records:
        if record["kind"] == "resume":
            _vertical(figure, record["epoch"], "resumed", COLOURS["reference"], "bottom right")


def _vertical(figure: go.Figure, epoch: int, text: str, colour: str, place: str) -> None:
    figure.add_vline(
        epoch,
        line={"dash": "dot", "width": 1, "color": colour},
        annotation={"text": text, "font": {"size": 12}},
        annotation_position=place,
    )


def _finish(figure: go.Figure, revision: str) -> go.Figure:
    """Set axis, legend and the revision that keeps a user's zoom and legend through every refresh of one chart."""
    apply_style(figure)
    figure.update_xaxes(title="epoch", rangemode="tozero")
    figure.update_layout(uirevision=revision, height=380, legend={"orientation": "h", "y": -0.22}, hovermode="closest")
    return figure
