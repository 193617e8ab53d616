import pandas as pd
import pytest

from mammo_core.figures.image_map import GROUPS, PREDICTION, colourings, map_figure
from mammo_core.figures.style import COLOURS


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "image_id": ["a", "b", "c", "d", "e"],
            "laterality": ["L", "R", "L", "R", None],
            "view": ["CC", "CC", "MLO", "CC", "CC"],
            "x": [0.0, 0.1, 0.2, 0.3, 0.4],
            "y": [0.0, 0.0, 0.0, 0.0, 1.0],
            "label": [0, 0, 1, 0, None],
            "machine_id": ["<49>", "<49>", "7", "7", "7"],
            "age": [50.0, None, 60.0, 70.0, 80.0],
            "site_id": [None] * 5,
        }
    )


def groups(drawn):
    names = [trace.name for trace in drawn.figure.data]
    return dict(zip(names, drawn.images, strict=True))


def test_labels_have_their_colours_and_the_rare_ones_lie_above(table):
    drawn = map_figure(table, "Label")
    assert groups(drawn) == {"negative": ("a", "b", "d"), "positive": ("c",), "unknown": ("e",)}
    assert [trace.marker.color for trace in drawn.figure.data][:2] == [COLOURS["negative"], COLOURS["positive"]]
    assert {trace.type for trace in drawn.figure.data} == {"scattergl"}


def test_groups_are_named_literally(table):
    assert groups(map_figure(table, "Machine")) == {
        "machine 7": ("c", "d", "e"),
        "machine &lt;49&gt;": ("a", "b"),
    }
    assert groups(map_figure(table, "View")) == {"CC": ("a", "b", "d", "e"), "MLO": ("c",)}


def test_rare_groups_share_a_colour():
    count = GROUPS + 3
    table = pd.DataFrame(
        {"image_id": [str(number) for number in range(count)], "machine_id": list("abcdefghi")[:count]}
    )
    table = table.assign(laterality="L", view="CC", x=0.0, y=0.0)
    named = groups(map_figure(table, "Machine"))
    assert len(named) == GROUPS
    assert len(named["others"]) == count - GROUPS + 1


def test_numbers_are_on_a_scale_and_unknown_ones_are_not(table):
    drawn = map_figure(table, "Age")
    assert groups(drawn) == {"unknown": ("b",), "Age in years": ("a", "c", "d", "e")}
    assert list(drawn.figure.data[1].marker.color) == [50.0, 60.0, 70.0, 80.0]
    predicted = map_figure(table.assign(**{PREDICTION: [0.1, 0.2, None, None, None]}), PREDICTION)
    assert groups(predicted) == {"not predicted": ("c", "d", "e"), "Probability": ("a", "b")}
    assert (predicted.figure.data[1].marker.cmin, predicted.figure.data[1].marker.cmax) == (0, 1)


def test_selected_points_are_images(table):
    drawn = map_figure(table, "Label")
    assert drawn.selected([(0, 2), (1, 0)]) == ["d", "c"]
    assert drawn.selected([]) == []


def test_only_known_columns_colour(table):
    assert colourings(table) == ["Label", "View", "Side", "Machine", "Age"]
    bare = table[["image_id", "x", "y", "laterality", "view"]].assign(laterality=None, view=None)
    assert colourings(bare) == ["Label"]
    assert groups(map_figure(bare, "Label")) == {"unknown": ("a", "b", "c", "d", "e")}


def test_of_many_points_those_that_are_not_selected_are_fainter(table, monkeypatch):
    few = map_figure(table, "Label").figure.data[0]
    monkeypatch.setattr("mammo_core.figures.image_map.MANY", 4)
    many = map_figure(table, "Label").figure.data[0]
    assert many.unselected.marker.opacity < few.unselected.marker.opacity < few.marker.opacity
    assert many.marker.size < few.marker.size
