"""The dashboards of Grafana, written as JSON by Grafana's own library.

Owns how a panel is drawn; `panels.py` has the tables. A panel's place follows from its order, two in a
row. Nobody edits the JSON by hand: `make generate` writes it, and `make check` says when it is stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from deploy.generate.panels import BOARDS, Panel

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
"""The data source that deploy/grafana/provisioning makes."""
WIDTH: Final = 12
HEIGHT: Final = 8


def drawn(panel: Panel) -> timeseries.Panel:
    """A panel as Grafana's library builds it."""
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(SOURCE)
        .unit(panel.unit)
        .min(0)
        .span(WIDTH)
        .height(HEIGHT)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for letter, (expression, legend) in zip(ascii_uppercase, panel.queries.items(), strict=False):
        query = prometheus.Dataquery().ref_id(letter).expr(expression).legend_format(legend)
        built.with_target(query.datasource(SOURCE).range())
    return built


def files() -> Mapping[str, str]:
    """Each dashboard's file, relative to the root, and what it holds."""
    return {f"deploy/grafana/dashboards/{name}.json": board(name, *each) for name, each in BOARDS.items()}


def board(name: str, title: str, panels: Sequence[Panel]) -> str:
    """One dashboard as JSON."""
    built = (
        dashboard.Dashboard(title)
        .uid(f"autodmca-{name}")
        .tags(["autodmca"])
        .timezone("browser")
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
    )
    for panel in panels:
        built.with_panel(drawn(panel))
    return JSONEncoder(sort_keys=True, indent=1).encode(built.build()) + "\n"
