"""The shipped rules: promtool check, its unit tests (the YAML files in this folder), and the metrics that they read."""

import json
from pathlib import Path

import pytest
from support.dashboards import known_labels, selectors
from support.prometheus import run
from support.rules import FILES, rules_in

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
TESTS = sorted(Path(__file__).parent.glob("*.yml"))


def test_rule_files_and_their_tests_exist() -> None:
    assert FILES
    assert TESTS


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rule_file_passes_promtool_check(file: Path) -> None:
    run("promtool", "check", "rules", file)


ANNOTATIONS = {rule["alert"]: rule["annotations"] for rule in rules_in(*FILES) if "alert" in rule}


def with_annotations(file: Path) -> str:
    """Return a unit test file whose expected alerts have all annotations, and whose paths are absolute.

    promtool compares all annotations. The files have only the summary, where its template matters: the description and
    the runbook_url, which have no template, are the rule's own. Text, because YAML 1.1 reads `0x5` as a number.
    """
    lines: list[str] = []
    name = ""
    for line in file.read_text().replace("../..", str(ROOT)).splitlines():
        lines.append(line)
        if line.startswith("        alertname: "):
            name = line.split()[-1]
        if line.strip().startswith("summary: "):
            indent = " " * line.index("summary")
            lines += [f"{indent}{key}: {json.dumps(ANNOTATIONS[name][key])}" for key in ("description", "runbook_url")]
    return "\n".join(lines)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_rule_file_passes_its_promtool_tests(file: Path, tmp_path: Path) -> None:
    (tmp_path / file.name).write_text(with_annotations(file))
    run("promtool", "test", "rules", tmp_path / file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rule_reads_only_declared_or_recorded_metrics(file: Path) -> None:
    for rule in rules_in(file):
        read = {selector.name for selector in selectors(rule["expr"])}
        assert read <= known_labels().keys(), rule.get("record", rule.get("alert"))


def test_recording_rule_reads_only_lower_levels() -> None:
    """So that `promtool tsdb create-blocks-from rules` can backfill a year: a file name begins with its level."""
    recording = [file for file in FILES if file.stem[0].isdigit()]
    recorded = {(rule["record"], int(file.stem[0])) for file in recording for rule in rules_in(file)}
    for file in recording:
        for rule in rules_in(file):
            for read in {selector.name for selector in selectors(rule["expr"])}:
                levels = [level for name, level in recorded if name == read]
                assert not levels or min(levels) < int(file.stem[0]), (file.name, rule["record"], read)


EXAMPLE_TEST = """
rule_files: [rules.yml]
evaluation_interval: 30m
tests:
  - interval: 30m
    input_series: [{series: 'instance:enphase_utc_offset_seconds{job="envoy", instance="home"}', values: 3600x240}]
    promql_expr_test:
"""


def test_time_of_use_price_example_follows_the_local_hour(tmp_path: Path) -> None:
    """The epoch began on a Thursday; the local time is an hour ahead, so 16:30 UTC is 17:30."""
    (prices,) = (file for file in FILES if file.stem.endswith("prices"))
    commented = prices.read_text().partition("time of use")[2]
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
