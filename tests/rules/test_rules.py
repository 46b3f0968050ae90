"""The rules that ship: promtool's own check, its unit tests (the files beside this one), what they read exists."""

from pathlib import Path

import pytest
from support.dashboards import known_labels, selectors
from support.prometheus import run
from support.rules import FILES, rules_in

pytestmark = pytest.mark.integration

TESTS = sorted(Path(__file__).parent.glob("*.yml"))


def test_there_are_rules_and_tests_of_them() -> None:
    assert FILES
    assert TESTS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_promtool_finds_no_fault_in_the_rules(file: Path) -> None:
    run("promtool", "check", "rules", file)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_they_say(file: Path) -> None:
    run("promtool", "test", "rules", file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_metric_that_a_rule_reads_is_declared_or_recorded(file: Path) -> None:
    for rule in rules_in(file):
        read = {selector.name for selector in selectors(rule["expr"])}
        assert read <= known_labels().keys(), rule.get("record", rule.get("alert"))


def test_a_recording_rule_reads_lower_levels_alone() -> None:
    """So that `promtool tsdb create-blocks-from rules` fills a year: a file's name begins with its level."""
    recording = [file for file in FILES if file.stem[0].isdigit()]
    written = {(rule["record"], int(file.stem[0])) for file in recording for rule in rules_in(file)}
    for file in recording:
        for rule in rules_in(file):
            for read in {selector.name for selector in selectors(rule["expr"])}:
                levels = [level for name, level in written if name == read]
                assert not levels or min(levels) < int(file.stem[0]), (file.name, rule["record"], read)


EXAMPLE_TEST = """
rule_files: [rules.yml]
evaluation_interval: 30m
tests:
  - interval: 30m
    input_series: [{series: 'instance:enphase_utc_offset_seconds{job="envoy", instance="home"}', values: 3600x240}]
    promql_expr_test:
"""


def test_the_example_of_time_of_use_follows_the_local_hour(tmp_path: Path) -> None:
    """The epoch began on a Thursday; where it is 16:30 UTC it is 17:30 here."""
    (prices,) = (file for file in FILES if file.stem.endswith("prices"))
    commented = prices.read_text().partition("By time of use")[2]
    example = [
        line.replace("# ", "", 1) for line in commented.splitlines() if line.startswith(("      # - ", "      #  "))
    ]
    (tmp_path / "rules.yml").write_text("\n".join(["groups:", "  - name: prices", "    rules:", *example, ""]))
    expected = {"16h": 0.38, "15h30m": 0.24, "19h30m": 0.38, "20h": 0.24, "64h": 0.24, "88h": 0.24, "112h": 0.38}
    checks = [
        f"      - {{expr: 'round(instance:enphase_import_price_per_kilowatt_hour:current, 0.001)', eval_time: {at},"
        f' exp_samples: [{{labels: \'{{job="envoy", instance="home"}}\', value: {price}}}]}}'
        for at, price in expected.items()
    ]
    (tmp_path / "test.yml").write_text(EXAMPLE_TEST + "\n".join(checks) + "\n")
    run("promtool", "test", "rules", tmp_path / "test.yml")
