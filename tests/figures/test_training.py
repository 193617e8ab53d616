import math

import pytest

from mammo_core.figures.training import (
    MOST_POINTS,
    base_rate,
    best_epoch,
    compared_curves,
    entropy,
    loss_curves,
    score_curves,
)

PARTS = {"validation": {"images": 50, "positive_images": 1}}
RECORDS = [
    {"kind": "start", "time": 0.0, "parts": PARTS},
    {"kind": "step", "epoch": 1, "step": 1, "steps": 2, "loss": 0.8},
    {"kind": "step", "epoch": 1, "step": 2, "steps": 2, "loss": 0.6},
    {
        "kind": "epoch",
        "epoch": 1,
        "loss": 0.7,
        "val_loss": 0.5,
        "auc": 0.6,
        "val_auc": 0.7,
        "accuracy": 0.9,
        "val_accuracy": 0.98,
    },
    {
        "kind": "epoch",
        "epoch": 2,
        "loss": 0.5,
        "val_loss": 0.6,
        "auc": 0.7,
        "val_auc": 0.7,
        "accuracy": 0.9,
        "val_accuracy": 0.98,
    },
]


def test_curves_show_the_majority_class_baseline():
    assert base_rate(RECORDS) == 0.98
    assert entropy(0.98) == pytest.approx(-0.98 * math.log(0.98) - 0.02 * math.log(0.02))
    assert entropy(1.0) == 0
    for figure, level, name in (
        (loss_curves(RECORDS), entropy(0.98), "entropy of the base rate (0.098)"),
        (score_curves(RECORDS), 0.98, "base rate (0.980)"),
    ):
        (line,) = [shape for shape in figure.layout.shapes if shape.line.dash == "dash"]
        assert (line.y0, line.y1, line.name, line.showlegend) == (level, level, name, True)


def test_best_epoch_breaks_auc_ties_by_loss():
    assert best_epoch(RECORDS) == 1
    assert best_epoch(RECORDS[:3]) is None


def test_loss_curves_steps_and_epochs_share_one_axis():
    traces = {trace.name: trace for trace in loss_curves(RECORDS).data}
    assert traces["training, steps"].x.tolist() == [0.5, 1.0]
    assert traces["training"].x.tolist() == [1, 2]
    assert traces["validation"].y.tolist() == [0.5, 0.6]


def test_curves_keep_zoom_and_legend_on_refresh():
    assert loss_curves(RECORDS[:2]).layout.uirevision == loss_curves(RECORDS).layout.uirevision == "loss"
    for early, late in (
        (loss_curves(RECORDS[:2]), loss_curves(RECORDS)),
        (score_curves(RECORDS[:2]), score_curves(RECORDS)),
    ):
        uids = [trace.uid for trace in early.data]
        assert uids == [trace.uid for trace in late.data][: len(uids)] == [trace.name for trace in early.data]


def test_loss_curves_log_scale_resets_only_its_axis():
    linear, log = (loss_curves(RECORDS, logarithmic=logarithmic).layout for logarithmic in (False, True))
    assert (linear.yaxis.type, log.yaxis.type) == ("linear", "log")
    assert linear.yaxis.uirevision != log.yaxis.uirevision
    assert linear.uirevision == log.uirevision
    assert linear.xaxis.uirevision is None  # the figure's own


def test_curves_of_a_new_run_are_empty():
    assert len(loss_curves(RECORDS[:1]).data) == 0
    assert len(score_curves([]).data) == 0


def test_loss_curves_mark_the_resumed_epoch():
    records = [*RECORDS, {"kind": "resume", "epoch": 2, "time": 0.0}]
    texts = {note.text: note.x for note in loss_curves(records).layout.annotations}
    assert texts["resumed"] == 2
    assert texts["best epoch 1"] == 1


def test_curves_of_a_long_run_are_downsampled_and_keep_the_end():
    steps = [
        {"kind": "step", "epoch": 1, "step": n, "steps": 10_000, "loss": 1 / n, "auc": 0.5, "accuracy": n / 10_000}
        for n in range(1, 10_001)
    ]
    for trace in (*loss_curves(steps).data, *score_curves(steps).data):
        assert MOST_POINTS / 2 < len(trace.x) <= MOST_POINTS
        assert trace.x[-1] == 1.0
    assert {trace.name for trace in score_curves(steps).data} == {"training AUC, steps", "training accuracy, steps"}


def test_compared_curves_overlay_runs_with_best_epochs():
    better = [{**record, "val_auc": 0.9} if record.get("epoch") == 2 else record for record in RECORDS]
    figure = compared_curves({"a": RECORDS, "b": better, "just begun": RECORDS[:1]}, "val_auc")
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces) == ["a", "a, best epoch", "b", "b, best epoch"]
    assert traces["a"].y.tolist() == [0.7, 0.7]
    assert (traces["a, best epoch"].x.tolist(), traces["b, best epoch"].x.tolist()) == ([1], [2])
    assert traces["a"].line.color != traces["b"].line.color
