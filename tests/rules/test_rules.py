"""The rules that ship: promtool's own check, its unit tests (the files beside this one), and that what they read exists."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.prometheus import program

from envoy_exporter.collector import families
from envoy_exporter.telemetry import Telemetry

RULES = sorted((Path(__file__).parents[2] / "prometheus" / "rules").glob("*.yml"))
TESTS = sorted(Path(__file__).parent.glob("*.yml"))


def promtool(*arguments: str | Path) -> None:
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rules(file: Path) -> Iterator[dict[str, str]]:
    for group in yaml.safe_load(file.read_text())["groups"]:
        yield from group["rules"]


def test_there_are_rules_and_tests_of_them() -> None:
    assert RULES
    assert TESTS


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_promtool_finds_no_fault_in_the_rules(file: Path) -> None:
    promtool("check", "rules", file)


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_they_say(file: Path) -> None:
    promtool("test", "rules", file)


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_every_metric_that_a_rule_reads_is_declared_or_recorded(file: Path) -> None:
    declared = {family.name for family in families()}
    declared |= {f"{each.name}{'_total' * (each.type == 'counter')}" for each in Telemetry("").registry.collect()}
    recorded = {rule["record"] for each in RULES for rule in rules(each) if "record" in rule}
    for rule in rules(file):
        read = set(re.findall(r"[a-z0-9_:]*enphase_[a-z0-9_:]+", rule["expr"]))
        assert read <= declared | recorded, rule.get("record", rule.get("alert"))
