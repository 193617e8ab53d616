"""How long something will take, before it begins."""

from mammo_core.documents.base import Document


class TimeEstimate(Document):
    """An estimated duration.

    Attributes:
        seconds: the estimate; None where nothing is known.
        measured: whether this machine has done the like before; otherwise it is rough.
    """

    seconds: float | None
    measured: bool

    def describe(self) -> str:
        """Return the estimate as text for display."""
        if self.seconds is None:
            return "time not known yet: nothing like this has run on this machine"
        about = approximate_duration(self.seconds)
        return f"≈ {about} on this machine" if self.measured else f"roughly {about} (not measured on this machine yet)"


def approximate_duration(seconds: float) -> str:
    """Return a duration without false precision: "20 s", "8 min", "3 h"."""
    if seconds < 55:
        return f"{max(10, round(seconds, -1)):.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{max(1, round(minutes, -1 if minutes >= 20 else 0)):.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"
