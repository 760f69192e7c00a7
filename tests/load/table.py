"""Rows of the table that `make bench` prints: the edge beside its references, measured in the same run."""

import statistics
from collections.abc import Mapping, Sequence

from tests.load.servers import Name

Figures = Mapping[Name, Sequence[float]]
"""What repeated rounds gave, by server."""


def row(what: str, figures: Figures, form: str, unit: str) -> None:
    """Print the medians, and what the edge's is divided by each reference's."""
    medians = {name: statistics.median(values) for name, values in figures.items()}
    ours = medians.pop("edge")
    references = "; ".join(f"{name} {value:{form}}" for name, value in medians.items())
    ratios = "; ".join(f"{ours / value:.2g}" if value else "-" for value in medians.values())
    print(f"| {what} | {ours:{form}} {unit} | {references} | {ratios} |", flush=True)
