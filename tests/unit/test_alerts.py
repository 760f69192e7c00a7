"""Alerts, rules and dashboards: each is tested, explained, and asks for what it should."""

import json
import re
from pathlib import Path

import pytest
import yaml

from deploy.smoke.expressions import DASHBOARDS, Expression, expressions, recorded, rules, unknown
from tests.unit.repository import ROOT
from tests.unit.test_repository import anchors

TESTS = ROOT / "deploy" / "prometheus" / "tests"
OF_OTHERS = {
    "up",
    *(f"process_{name}" for name in ("cpu_seconds_total", "resident_memory_bytes", "start_time_seconds")),
}
SAMPLES = {"histogram": ("", "_bucket", "_count", "_sum")}
ALERTS = {rule["alert"]: rule for _, rule in rules() if "alert" in rule}


def expected(alert: str) -> list[bool]:
    """Of each test of an alert, whether it has to fire."""
    return [
        bool(each["exp_alerts"])
        for file in TESTS.glob("*.yml")
        for test in yaml.safe_load(file.read_text())["tests"]
        for each in test["alert_rule_test"]
        if each["alertname"] == alert
    ]


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_to_fire_and_not_to_fire_and_has_a_runbook(alert: str) -> None:
    assert set(expected(alert)) == {True, False}, (
        f"add to {TESTS.name} what makes {alert} fire, and what must not"
    )
    file, _, anchor = ALERTS[alert]["annotations"]["runbook"].partition("#")
    assert anchor == f"alert-{alert.lower()}"
    assert anchor in anchors((ROOT / file).read_text()), (
        f"write `### Alert {alert}` in {file}: what to do about it"
    )
    assert ALERTS[alert]["labels"]["severity"] in {"page", "ticket"}


def test_no_runbook_is_for_an_alert_that_is_gone() -> None:
    told = {
        each for each in anchors((ROOT / "docs" / "operations.md").read_text()) if each.startswith("alert-")
    }
    assert told == {f"alert-{each.lower()}" for each in ALERTS}


def test_expressions_are_read_for_the_metrics_that_they_name() -> None:
    text = (
        'sum by (job, le) (rate(a_total{job!="x", reason="b c"}[5m])) > 1e3 or job:c:sum unless d offset 10m'
    )
    assert Expression("", text).names == {"a_total", "job:c:sum", "d"}
    assert Expression("", 'rate({__name__=~"x_.+_total"}[5m])').patterns == ["x_.+_total"]
    assert unknown(Expression("", 'a + {__name__=~"b_.+"}'), {"c", "b_1"}) == ["a"]
    assert unknown(Expression("", '{__name__=~"b_.+"}'), {"a"}) == ["b_.+"]


def test_what_is_recorded_is_asked_for() -> None:
    asked = {name for each in expressions() for name in each.names}
    assert recorded() - asked == set(), "no alert, rule or dashboard asks for these"


def test_every_metric_that_is_asked_for_is_one_that_the_code_shows() -> None:
    """Of docs/metrics.md, which is written from the code; and what Prometheus and its client library add."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    shown = {f"{name}{suffix}" for name, kind in rows for suffix in SAMPLES.get(kind, ("",))}
    known = shown | recorded() | OF_OTHERS
    missing = {each.where: unknown(each, known) for each in expressions()}
    assert {where: names for where, names in missing.items() if names} == {}


@pytest.mark.parametrize("board", sorted(DASHBOARDS.glob("*.json")), ids=lambda file: file.stem)
def test_a_dashboard_asks_the_provisioned_source_and_no_panel_covers_another(board: Path) -> None:
    provisioning = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioning.read_text())["datasources"]
    panels = json.loads(board.read_text())["panels"]
    assert {each["datasource"]["uid"] for each in panels} == {source["uid"]}
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels]
    assert len(places) == len(set(places))
    assert all(each["description"] and each["targets"] for each in panels)
    for each in panels:
        letters = [target["refId"] for target in each["targets"]]
        assert all(letters)
        assert len(letters) == len(set(letters)), f"{each['title']}: two queries have one letter"
