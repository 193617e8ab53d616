import math

import pytest

from mammo_core.documents.metrics import EpochRecord, ResumeRecord, StartRecord, StepRecord
from mammo_core.figures.style import series_colour
from mammo_core.figures.training import (
    AXIS_TITLES,
    CURVES,
    MAX_POINTS,
    CurveOptions,
    base_rate,
    best_epoch,
    entropy,
    epochs_table,
    learning_curves,
    loss_sparkline,
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


def draw(records, metric, **options):
    return learning_curves({"a": records}, metric, CurveOptions(**options))


def by_name(figure):
    return {trace.name: trace for trace in figure.data}


def test_loss_sparkline_is_one_smoothed_line_without_axes():
    figure = loss_sparkline(RECORDS)
    (line,) = figure.data
    assert line.y[0] == 0.8
    assert 0.6 < line.y[1] < 0.8
    assert not figure.layout.xaxis.visible
    assert not loss_sparkline([START]).data


def test_epochs_table_has_a_row_for_each_epoch_of_each_run():
    table = epochs_table({"a": RECORDS, "b": [START, epoch(1, 0.9, 0.8, 0.5, 0.55)], "c": [START]})
    assert table["run"].tolist() == ["a", "a", "b"]
    assert table["epoch"].tolist() == [1, 2, 1]
    assert table["val_auc"].tolist() == [0.7, 0.7, 0.55]


def test_curves_show_the_majority_class_baseline():
    assert base_rate(RECORDS) == 0.98
    assert entropy(0.98) == pytest.approx(-0.98 * math.log(0.98) - 0.02 * math.log(0.02))
    assert entropy(1.0) == 0
    for metric, level, name in (
        ("loss", entropy(0.98), "always “negative” (0.098)"),
        ("auc", 0.5, "always “negative” (0.500)"),
        ("accuracy", 0.98, "always “negative” (0.980)"),
    ):
        (line,) = [shape for shape in draw(RECORDS, metric).layout.shapes if shape.line.dash == "dash"]
        assert (line.y0, line.y1, line.name, line.showlegend) == (level, level, name, True)


def test_best_epoch_breaks_auc_ties_by_loss():
    assert best_epoch(RECORDS) == 1
    assert best_epoch(RECORDS[:3]) is None


@pytest.mark.parametrize("metric", CURVES)
def test_curves_steps_and_epochs_share_one_axis_and_one_hover(metric):
    figure = draw(RECORDS, metric)
    traces = by_name(figure)
    assert traces["training"].x.tolist() == traces["training, steps"].x.tolist() == [0.5, 1.0]
    assert traces["training, whole epoch"].x.tolist() == traces["validation"].x.tolist() == [1, 2]
    assert (figure.layout.title.text, figure.layout.hovermode) == (CURVES[metric], "x unified")


@pytest.mark.parametrize("metric", CURVES)
def test_curves_smoothing_is_that_of_every_chart(metric):
    values = {"loss": (0.8, 0.6), "auc": (0.5, 0.9), "accuracy": (0.2, 0.4)}[metric]
    records = [START, *(step(n, 2, 1.0).model_copy(update={metric: value}) for n, value in enumerate(values, 1))]
    assert by_name(draw(records, metric, smoothing=0.0))["training"].y.tolist() == list(values)
    smooth = (values[0] * 0.5 + values[1]) / 1.5
    assert by_name(draw(records, metric, smoothing=0.5))["training"].y.tolist() == pytest.approx([values[0], smooth])


def test_curves_best_epoch_is_marked_on_the_auc_only():
    name = "best validation AUC (epoch 1)"
    assert by_name(draw(RECORDS, "auc"))[name].y == (0.7,)
    assert name not in by_name(draw(RECORDS, "loss"))
    assert name not in by_name(draw(RECORDS, "accuracy"))


def test_auc_axis_spans_chance_and_curves_with_a_margin():
    records = [START, epoch(1, 0.7, 0.5, auc=0.9, val_auc=0.8)]
    assert draw(records, "auc").layout.yaxis.range == pytest.approx((0.5 - 0.024, 0.9 + 0.048))
    assert draw(records[:1], "auc").layout.yaxis.range == pytest.approx((0.44, 0.62))


def test_curves_keep_zoom_and_legend_on_refresh():
    for metric in CURVES:
        early, late = draw(RECORDS[:2], metric), draw(RECORDS, metric)
        assert early.layout.uirevision == late.layout.uirevision == metric
        uids = [trace.uid for trace in early.data]
        assert uids == [trace.uid for trace in late.data][: len(uids)] == [trace.name for trace in early.data]


def test_loss_log_scale_resets_only_its_axis():
    linear, log = (draw(RECORDS, "loss", logarithmic=logarithmic).layout for logarithmic in (False, True))
    assert (linear.yaxis.type, log.yaxis.type) == ("linear", "log")
    assert linear.yaxis.uirevision != log.yaxis.uirevision
    assert linear.uirevision == log.uirevision
    assert linear.xaxis.uirevision == log.xaxis.uirevision
    assert draw(RECORDS, "auc", logarithmic=True).layout.yaxis.type == "linear"


def test_loss_log_axis_labels_are_whole_values():
    axis = draw([step(1, 2, 0.1), step(2, 2, 0.8)], "loss", logarithmic=True, smoothing=0.0).layout.yaxis
    shown = [text for tick, text in zip(axis.tickvals, axis.ticktext, strict=True) if 0.1 <= tick <= 0.8]
    assert shown == ["0.1", "0.15", "0.2", "0.3", "0.5", "0.7"]
    wide = draw([step(1, 2, 0.001), step(2, 2, 0.8)], "loss", logarithmic=True, smoothing=0.0).layout.yaxis
    assert "0.15" not in wide.ticktext


def test_curves_of_a_new_run_are_empty():
    for metric in CURVES:
        assert len(draw(RECORDS[:1], metric).data) == 0
        assert len(draw([], metric).data) == 0


def test_curves_mark_the_resumed_epoch():
    records = [*RECORDS, ResumeRecord(epoch=2, time=0.0)]
    assert {note.text: note.x for note in draw(records, "loss").layout.annotations} == {"resumed": 2}


def test_curves_of_a_long_run_are_downsampled_and_keep_the_end():
    steps = [step(number, 10_000, 1 / number, accuracy=number / 10_000) for number in range(1, 10_001)]
    for metric in CURVES:
        figure = draw(steps, metric)
        assert [trace.name for trace in figure.data] == ["training, steps", "training"]
        for trace in figure.data:
            assert MAX_POINTS / 2 < len(trace.x) <= MAX_POINTS
            assert trace.x[-1] == 1.0


@pytest.mark.parametrize(
    ("progression", "steps", "epochs", "resumed"),
    [("epoch", [0.5, 1], [1, 2], 1), ("step", [1, 2], [2, 4], 2), ("time", [1, 2], [2, 5], 2)],
)
def test_curves_run_along_epochs_steps_or_minutes_of_training(progression, steps, epochs, resumed):
    times = [0, 60, 120, 180, 6000, 6120]  # it was interrupted for more than an hour
    records = [
        record.model_copy(update={"time": time})
        for record, time in zip([*RECORDS[:4], ResumeRecord(epoch=1, time=0.0), RECORDS[4]], times, strict=True)
    ]
    figure = draw(records, "auc", progression=progression)
    traces = by_name(figure)
    assert list(traces["training"].x) == steps
    assert list(traces["validation"].x) == epochs
    assert list(traces["best validation AUC (epoch 1)"].x) == epochs[:1]
    assert [shape.x0 for shape in figure.layout.shapes if shape.line.dash == "dot"] == [resumed]
    assert figure.layout.xaxis.title.text == AXIS_TITLES[progression]
    assert figure.layout.xaxis.uirevision == progression


def test_curves_of_several_runs_have_one_colour_each():
    better = [*RECORDS[:-1], epoch(2, 0.5, 0.6, 0.7, val_auc=0.9)]
    runs = {"<b>a</b>": RECORDS, "b": better, "just begun": RECORDS[:1]}
    traces = by_name(learning_curves(runs, "auc"))
    first = "&lt;b&gt;a&lt;/b&gt;"
    assert list(traces) == [
        f"{first}, training", first, f"{first}, best validation AUC (epoch 1)",
        "b, training", "b", "b, best validation AUC (epoch 2)",
    ]  # fmt: skip
    colours = {name.partition(",")[0]: trace.line.color for name, trace in traces.items() if "best" not in name}
    assert colours == {first: series_colour(0), "b": series_colour(1)}
    assert traces["b"].y.tolist() == [0.7, 0.9]
    assert traces["b, training"].line.dash == "dot"
