"""Each alert is told to a person, explained on its page, and seen to fire and to stay silent; its configs are right."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from support.prometheus import check_queries, run
from support.rules import FILES, rules_in

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
PAGE = (ROOT / "docs" / "alerts.md").read_text()
SITE = "https://github.com/envoy-exporter/envoy_exporter/blob/main/docs/alerts.md"
SEVERITIES = {"critical", "warning", "info"}
"""Wakes somebody, is for the day, is to be seen on a dashboard."""

Rule = Mapping[str, object]


def alerts() -> list[Rule]:
    """One a name may have several rules."""
    return [rule for rule in rules_in(*FILES) if "alert" in rule]


def texts(rule: Rule, key: str) -> dict[str, str]:
    found = rule[key]
    assert isinstance(found, dict)
    return {str(name): str(value) for name, value in found.items()}


ALERTS = alerts()
NAMES = sorted({str(rule["alert"]) for rule in ALERTS})
SECTIONS = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_has_a_severity_a_sentence_a_first_step_and_a_page(rule: Rule) -> None:
    name, said = str(rule["alert"]), texts(rule, "annotations")
    assert name.startswith("Enphase")
    assert texts(rule, "labels")["severity"] in SEVERITIES
    assert said.keys() == {"summary", "description", "runbook_url"}
    assert "$labels" in said["summary"] or name.startswith("EnphaseExporter"), "whose is it"
    assert re.search(r"\bfirst\b", said["description"], re.IGNORECASE), "what to do first"
    assert said["runbook_url"] == f"{SITE}#{name.lower()}"


def test_the_page_has_a_section_for_each_alert_and_for_nothing_else() -> None:
    assert sorted(SECTIONS) == NAMES


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_a_section_tells_how_bad_it_is_what_to_look_at_what_to_do_and_what_it_does_not_see(rule: Rule) -> None:
    section = SECTIONS[str(rule["alert"])]
    assert section.startswith(f"{texts(rule, 'labels')['severity']}, ")
    assert re.findall(r"^- \*\*(\w+(?: at)?)\*\*", section, re.MULTILINE) == ["Look at", "Do", "Silent"]


def test_a_link_on_the_page_leads_to_a_section() -> None:
    assert set(re.findall(r"\(#(\w+)\)", PAGE)) <= {name.lower() for name in NAMES}


def test_what_is_recorded_on_the_page_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules_in(*FILES) if "record" in rule}
    named = set(re.findall(r"\w+:enphase_\w+(?::\w+)?", PAGE))
    assert named
    assert named <= recorded


def test_what_to_look_at_are_queries(tmp_path: Path) -> None:
    blocks = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    queries = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert len(queries) > len(NAMES)
    check_queries(queries, tmp_path)


def seen() -> Iterator[tuple[str, bool]]:
    """What the unit tests saw, by name: that it fired, or that it was silent."""
    for file in Path(__file__).parent.glob("alerts-*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for each in test.get("promql_expr_test", ()):
                for name in re.findall(r'alertname="(\w+)"', each["expr"]):
                    yield name, bool(each["exp_samples"])
                for sample in each["exp_samples"]:
                    yield from ((name, True) for name in re.findall(r'alertname="(\w+)"', sample["labels"]))


def test_each_alert_was_seen_to_fire_and_to_stay_silent() -> None:
    saw = set(seen())
    assert {name for name, fired in saw if fired} == set(NAMES)
    assert {name for name, fired in saw if not fired} == set(NAMES)


def test_the_config_of_prometheus_is_right_and_finds_the_rules() -> None:
    config = PROMETHEUS / "prometheus.yml"
    assert run("promtool", "check", "config", config).count("rules found") == len(FILES)


def test_its_job_is_the_one_of_the_readme() -> None:
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    shipped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert shipped["scrape_configs"] == yaml.safe_load(block)["scrape_configs"]


def alertmanager() -> dict[str, list[dict[str, list[str]]]]:
    loaded = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def named(matchers: list[str]) -> set[str]:
    """The alerts of matchers that are all on the name. Alertmanager's patterns are anchored."""
    patterns = [re.fullmatch(r'alertname =~? "(.+)"', each) for each in matchers]
    assert all(patterns), matchers
    return {name for name in NAMES if all(each and re.fullmatch(each[1], name) for each in patterns)}


@pytest.mark.parametrize("down", ["EnphaseGatewayDown", "EnphaseGatewayAbsent", "EnphaseCredentialsRefused"])
def test_a_gateway_that_is_away_keeps_the_rest_of_it_silent(down: str) -> None:
    (rule,) = [rule for rule in alertmanager()["inhibit_rules"] if down in named(rule["source_matchers"])]
    assert rule["equal"] == ["job", "instance"], "of this gateway, and of no other"
    assert named(rule["target_matchers"]) == set(NAMES)


def test_every_rule_that_inhibits_is_about_alerts_that_there_are() -> None:
    for rule in alertmanager()["inhibit_rules"]:
        assert named(rule["source_matchers"]), rule
        assert named(rule["target_matchers"]), rule
        assert rule["equal"], "without, one house silences all others"


def test_amtool_finds_no_fault_in_the_config_of_alertmanager() -> None:
    if shutil.which("amtool") is None:
        pytest.skip("amtool is missing: it comes with Debian's package `prometheus-alertmanager`")
    run("amtool", "check-config", PROMETHEUS / "alertmanager.yml")
