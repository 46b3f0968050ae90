"""Backfilling of recording rules: in order, each sample once, with the same results as promtool's backfill."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from dashboards.site_history import Window, when, write
from dashboards.sites import SITES
from support.prometheus import run
from support.rules import Rule, levels, needed, recording_rules
from support.tsdb import Prometheus, Steps, fill_in, line, serve, write_blocks

pytestmark = pytest.mark.integration

START = 1_749_816_000.0
NAMELESS: dict[str, str] = {}


def rule(record: str, expr: str, **labels: str) -> Rule:
    return Rule(record, expr, labels, 60)


REGISTER = rule("instance:register", "sum(meter_total)", flow="solar")
SOLAR = rule("instance:watts", 'instance:register{flow="solar"}')
EXPORT = rule("instance:watts", 'rate(instance:register{flow!="solar"}[5m])', flow="export")
SHARE = rule("instance:watts", 'instance:watts{flow=~"solar|export"} / 2', flow="share")
ALL = rule("instance:sum", "sum(instance:watts) # and not instance:never")


def test_levels_rule_is_above_the_rules_that_it_reads() -> None:
    assert levels([ALL, SHARE, EXPORT, SOLAR, REGISTER]) == [[EXPORT, REGISTER], [SOLAR], [SHARE], [ALL]]


def test_levels_rules_that_read_each_other_raise() -> None:
    with pytest.raises(AssertionError, match="read each other"):
        levels([rule("a:x", "b:x"), rule("b:x", "a:x")])


def test_needed_includes_indirectly_read_rules() -> None:
    assert needed([ALL, SHARE, EXPORT, SOLAR, REGISTER], {"instance:sum"}) == [ALL, SHARE, EXPORT, SOLAR, REGISTER]
    assert needed([ALL, EXPORT, REGISTER], {"instance:register"}) == [REGISTER]


def test_fill_in_adds_the_results_level_by_level(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_blocks((line("meter", {"job": "a\\b"}, number, START + 60 * number) for number in range(30)), data)
    fill_in(
        [rule("b:meter", "a:meter + 1"), rule("a:meter", "meter * 2", side="south")],
        data,
        lambda _: [Steps(START, START + 29 * 60, 60)],
    )
    with serve(data) as prometheus:
        (found,) = prometheus.at("b:meter[1h]", START + 29 * 60)
    assert found.labels == {"__name__": "b:meter", "job": "a\\b", "side": "south"}
    assert found.values == {START + 60 * number: 2 * number + 1 for number in range(30)}


def test_fill_in_two_rules_with_one_sample_raise(tmp_path: Path) -> None:
    write_blocks([line("meter", NAMELESS, 1, START)], tmp_path / "data")
    with pytest.raises(AssertionError, match="recorded by two rules"):
        fill_in(
            [rule("a:x", "meter"), rule("a:x", "meter * 2")], tmp_path / "data", lambda _: [Steps(START, START, 60)]
        )


def test_prometheus_invalid_query_raises(tmp_path: Path) -> None:
    write_blocks([line("meter", NAMELESS, 1, START)], tmp_path / "data")
    with serve(tmp_path / "data") as prometheus, pytest.raises(ValueError, match="parse error"):
        prometheus.at("sum(", START)


FLOWS = "instance:enphase_flow_watts:mean5m"


def test_fill_in_has_the_results_of_promtool_backfill(tmp_path: Path) -> None:
    """Except for the second of the minute at which it evaluates; for the mean of a day it makes little difference."""
    rules = needed(recording_rules(), {FLOWS})
    window = Window(SITES[1], date(2025, 6, 13), 1)
    midnight, end = window.midnights
    levels_data, promtool_data = tmp_path / "levels_data", tmp_path / "promtool_data"
    write([window], levels_data, inverters=False)
    shutil.copytree(levels_data, promtool_data)
    fill_in(rules, levels_data, when([window]))
    for number, level in enumerate(levels(rules)):
        file = tmp_path / f"{number}.yml"
        file.write_text(yaml.safe_dump({"groups": [group(level, interval) for interval in (60, 300)]}))
        with serve(promtool_data) as prometheus:
            backfill(prometheus, file, midnight - 3600, end + 1800, tmp_path / f"made{number}")
        for block in (tmp_path / f"made{number}").iterdir():
            shutil.move(block, promtool_data)
    with serve(levels_data) as first, serve(promtool_data) as second:
        query = f"avg_over_time({FLOWS}[1d])"
        expected, found = (
            {labels["flow"]: next(iter(values.values())) for labels, values in prometheus.at(query, end)}
            for prometheus in (first, second)
        )
    assert {"solar", "load", "import", "export"} <= expected.keys()
    assert found == pytest.approx(expected, rel=2e-3, abs=0.5)


def group(rules: list[Rule], interval: int) -> dict[str, object]:
    written = [
        {"record": rule.record, "expr": rule.expr, "labels": dict(rule.labels)}
        for rule in rules
        if rule.interval == interval
    ]
    return {"name": f"every {interval} s", "interval": f"{interval}s", "rules": written}


def backfill(prometheus: Prometheus, rules: Path, start: float, end: float, folder: Path) -> None:
    times = [f"--start={start:.0f}", f"--end={end:.0f}", f"--output-dir={folder}"]
    run("promtool", "tsdb", "create-blocks-from", "rules", f"--url={prometheus.url}", *times, rules)
