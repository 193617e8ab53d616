"""Print measured figures with their targets, and remember which ones miss.

Every benchmark reports so, but for `real`, whose tables have no targets, and for `demo_model` and `convert_backbone`, which
make files and measure nothing.
"""

from dataclasses import dataclass, field


@dataclass
class Report:
    """The figures of one benchmark.

    Attributes:
        name_width: characters of the column of names.
        missed: names of the figures that miss their target.
    """

    name_width: int = 46
    missed: list[str] = field(default_factory=list)

    def add(self, name: str, value: str, target: str = "", reached: bool = True) -> None:
        """Print one figure.

        Args:
            name: what was measured.
            value: the figure with its unit.
            target: what it should be; empty for a figure that has no target.
            reached: whether it meets the target.
        """
        if not reached:
            self.missed.append(name)
        end = f"target {target}  {'ok' if reached else 'MISS'}" if target else ""
        print(f"{name:<{self.name_width}} {value:<38} {end}".rstrip(), flush=True)

    def summarise(self) -> int:
        """Print which figures miss their target, and return the exit status.

        Returns:
            0 if no figure misses, else 1.
        """
        print(f"targets missed: {', '.join(self.missed)}" if self.missed else "all targets met")
        return 1 if self.missed else 0
