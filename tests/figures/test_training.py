import math

import pytest

from mammo_core.documents.metrics import EpochRecord, ResumeRecord, StartRecord, StepRecord
from mammo_core.figures.training import (
    MAX_POINTS,
    base_rate,
    best_epoch,
    compared_curves,
    entropy,
    loss_curves,
    score_curves,
)

COUNTS = {"images": 50, "patients": 20, "positive_images": 1, "positive_patients": 1}
START = StartRecord(time=0.0, parts={"validation": COUNTS})


def step(number, steps, loss, **metrics):
    values = {"accuracy": 0.9, "auc": 0.5} | metrics
    return StepRecord(time=0.0, epoch=1, step=number, steps=steps, loss=loss, **values)


def epoch(number, loss, val_loss, auc, val_auc):
    return EpochRecord(
        time=0.0, epoch=number, seconds=1.0, loss=loss, val_loss=val_loss, auc=auc, val_auc=val_auc, accuracy=0.9,
        val_accuracy=0.98, learning_rate=1e-3,
    )  # fmt: skip


RECORDS = [START, step(1, 2, 0.8), step(2, 2, 0.6), epoch(1, 0.7, 0.5, 0.6, 0.7), epoch(2, 0.5, 0.6, 0.7, 0.7)]


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
    records = [*RECORDS, ResumeRecord(epoch=2, time=0.0)]
    texts = {note.text: note.x for note in loss_curves(records).layout.annotations}
    assert texts["resumed"] == 2
    assert texts["best epoch 1"] == 1


def test_curves_of_a_long_run_are_downsampled_and_keep_the_end():
    steps = [step(number, 10_000, 1 / number, accuracy=number / 10_000) for number in range(1, 10_001)]
    for trace in (*loss_curves(steps).data, *score_curves(steps).data):
        assert MAX_POINTS / 2 < len(trace.x) <= MAX_POINTS
        assert trace.x[-1] == 1.0
    assert {trace.name for trace in score_curves(steps).data} == {"training AUC, steps", "training accuracy, steps"}


def test_compared_curves_overlay_runs_with_best_epochs():
    better = [*RECORDS[:-1], epoch(2, 0.5, 0.6, 0.7, val_auc=0.9)]
    assert compared_curves({"<b>a</b>": RECORDS}, "val_auc").data[0].name == "&lt;b&gt;a&lt;/b&gt;"
    figure = compared_curves({"a": RECORDS, "b": better, "just begun": RECORDS[:1]}, "val_auc")
    traces = {trace.name: trace for trace in figure.data}
    assert list(traces) == ["a", "a, best epoch", "b", "b, best epoch"]
    assert traces["a"].y.tolist() == [0.7, 0.7]
    assert (traces["a, best epoch"].x.tolist(), traces["b, best epoch"].x.tolist()) == ([1], [2])
    assert traces["a"].line.color != traces["b"].line.color
