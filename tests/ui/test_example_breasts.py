"""The example breasts of a run, made of the file that a trainer writes."""

import numpy as np

from builders.app import plain, show_component
from mammo_core.models.example_maps import EXAMPLE_MAPS, without_epochs, write_example_maps
from ui import example_breasts


def write(run, epochs, cams=True):
    maps = without_epochs(np.full((2, 16, 16), 90, np.uint8), np.array([1, 0]))
    for epoch in epochs:
        of_epoch = np.full((2, 4, 4), float(epoch)) if cams else np.empty((2, 0, 0))
        maps = maps.with_epoch(epoch, np.array([epoch / 10, 0.05]), of_epoch)
    run.mkdir(exist_ok=True)
    write_example_maps(run, maps)


def captions(app):
    return [caption.value for caption in app.caption]


def test_latest_epoch_is_shown_until_another_is_chosen_and_stays_chosen(tmp_path):
    run = tmp_path / "run"
    write(run, [1, 2])
    app = show_component(example_breasts.show_example_breasts, run)
    assert captions(app)[:2] == [
        ":orange-badge[positive] predicted 0.20 after epoch 2",
        ":blue-badge[negative] predicted 0.05 after epoch 2",
    ]
    write(run, [1, 2, 3])
    assert "predicted 0.30 after epoch 3" in captions(app.run())[0]
    app.select_slider[0].set_value(1).run()
    assert "predicted 0.10 after epoch 1" in captions(app)[0]
    write(run, [1, 2, 3, 4])
    assert "after epoch 1" in captions(app.run())[0]


def test_network_without_maps_is_shown_with_a_sentence(tmp_path):
    write(tmp_path / "run", [1], cams=False)
    app = show_component(example_breasts.show_example_breasts, tmp_path / "run")
    assert captions(app)[-1].startswith("This network has no class activation map")


def test_run_without_maps_shows_nothing_and_damaged_ones_show_a_sentence(tmp_path):
    run = tmp_path / "run"
    assert not captions(show_component(example_breasts.show_example_breasts, run))
    write(run, [])
    assert not captions(show_component(example_breasts.show_example_breasts, run))
    (run / EXAMPLE_MAPS).write_bytes(b"no maps")
    app = show_component(example_breasts.show_example_breasts, run)
    assert [EXAMPLE_MAPS in plain(error.value) for error in app.error] == [True]
