import pandas as pd

from mammo_core.figures.runs import is_number, parallel_figure, setting_figure

RESULTS = pd.DataFrame(
    {
        "learning_rate": [0.01, 0.0001, 0.001],
        "head_epochs": [None, 2.0, None],
        "network": ["<b>", "compact", "compact"],
        "auc": [0.75, 0.5, 0.625],
        "low": [0.5, 0.25, None],
        "high": [1.0, 0.75, None],
    }
)


def test_setting_figure_sorts_numbers_and_has_their_intervals():
    figure = setting_figure(RESULTS, "learning_rate", "learning rate")
    assert figure.data[0].x.tolist() == [0.0001, 0.001, 0.01]
    assert figure.data[0].y.tolist() == [0.5, 0.625, 0.75]
    assert figure.data[0].error_y.array[[0, 2]].tolist() == [0.25, 0.25]
    assert figure.layout.xaxis.type == "log"
    assert list(figure.data[0].customdata) == ["2, compact", "none, compact", "none, &lt;b&gt;"]


def test_setting_figure_of_words_or_missing_numbers_has_categories():
    figure = setting_figure(RESULTS, "network", "network")
    assert figure.data[0].x.tolist() == ["&lt;b&gt;", "compact", "compact"]
    assert figure.layout.xaxis.type == "category"
    assert setting_figure(RESULTS, "head_epochs", "head epochs").data[0].x.tolist() == ["2", "none", "none"]


def test_parallel_figure_has_an_axis_for_each_setting_and_the_auc():
    titles = {"learning_rate": "learning rate", "network": "network", "head_epochs": "head epochs"}
    rate, network, head, auc = parallel_figure(RESULTS, titles).data[0].dimensions
    assert rate.values.tolist() == [-2, -4, -3]
    assert rate.ticktext == ("0.0001", "0.001", "0.01")
    assert (network.values.tolist(), network.ticktext) == ([0, 1, 1], ("&lt;b&gt;", "compact"))
    assert (head.values.tolist(), head.ticktext) == ([1, 0, 1], ("2", "none"))
    assert auc.values.tolist() == [0.75, 0.5, 0.625]


def test_is_number_leaves_out_booleans_and_missing_values():
    assert is_number(pd.Series([1, 2]))
    assert not is_number(pd.Series([True, False]))
    assert not is_number(pd.Series([1, None]))
    assert not is_number(pd.Series(["1"]))
