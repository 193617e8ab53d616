"""Write a run's metrics as event files for TensorBoard.

`tensorboard --logdir <models>/<run>` shows a run's epochs.

TensorBoard itself need not be installed here.
"""

import time
from pathlib import Path
from typing import Any

from mammo_core.learning._tensorflow import keras, tf

Event, Summary = tf.compat.v1.Event, tf.compat.v1.Summary


class TensorBoardLogger(keras.callbacks.Callback):
    """Write each epoch's metrics as TensorBoard event files.

    Each part has its own folder, so that TensorBoard overlays both in one chart.

    Args:
        folder: folder of the event files; a resumed run adds another file for each part.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.writers: dict[str, Any] = {}
        for part in ("train", "validation"):
            (folder / part).mkdir(parents=True, exist_ok=True)
            path = folder / part / f"events.out.tfevents.{time.time_ns()}"
            self.writers[part] = tf.io.TFRecordWriter(str(path))
            self._write(part, Event(wall_time=time.time(), file_version="brain.Event:2"))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the metrics of both parts."""
        for name, value in (logs or {}).items():
            part, tag = ("validation", name.removeprefix("val_")) if name.startswith("val_") else ("train", name)
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            self._write(part, Event(wall_time=time.time(), step=epoch + 1, summary=summary))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Close the files."""
        for writer in self.writers.values():
            writer.close()

    def _write(self, part: str, event: Any) -> None:
        self.writers[part].write(event.SerializeToString())
        self.writers[part].flush()
