"""The alert rules: annotations, the runbook docs/alerts.md, unit tests of each alert, and the example configs."""

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
PAGE_URL = "https://github.com/envoy-exporter/envoy_exporter/blob/main/docs/alerts.md"
SEVERITIES = {"critical", "warning", "info"}
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Does not fire when"]

THRESHOLDS: Mapping[str, Mapping[str, str]] = {
    "EnphaseRegisterStepped": {"1.8e7": "5 kWh"},
    "EnphaseDataOutOfRange": {"1.25": "125 %"},
    "EnphaseRegisterLost": {"3": "at least 3 documents"},
    "EnphasePhaseLost": {"3": "at least 3 documents"},
    "EnphaseGatewayUnsteady": {"12": "more than 12 changes"},
    "EnphaseProductionMissing": {"2592000": "30 days"},
    "EnphaseCollectorFailing": {"0.5": "50 %"},
    "EnphaseTokenExpiring": {"0.05": "5 %", "604800": "7 days"},
    "EnphaseBatteryLowWithoutGrid": {"0.2": "20 %"},
    "EnphaseBatterySilent": {"1800": "30 minutes"},
    "EnphaseInverterSilent": {"2592000": "30 days"},
    "EnphaseInverterUnderperforming": {"0.7": "70 %"},
    "EnphaseProductionMeterIdle": {"100": "100 W"},
    "EnphaseReadingStuck": {"900": "15 minutes"},
}
"""The numbers other than 0 and 1 that an alert's expression compares with, as the page writes them."""

# The 3600 of EnphaseRegisterStepped is the length of its window: the rule multiplies it by a recorded limit.
THRESHOLD = re.compile(r"(?:[<>]=?|[=!]=)\s*(?:bool\s+)?([\d.][\d.e]*)")

AMTOOL_IS_MISSING = "amtool is missing: it is in Debian's package `prometheus-alertmanager`"

Rule = Mapping[str, object]


def alerts() -> list[Rule]:
    """Return all alert rules; several rules may have the same name."""
    return [rule for rule in rules_in(*FILES) if "alert" in rule]


def texts(rule: Rule, key: str) -> dict[str, str]:
    value = rule[key]
    assert isinstance(value, dict)
    return {str(name): str(text) for name, text in value.items()}


ALERTS = alerts()
NAMES = sorted({str(rule["alert"]) for rule in ALERTS})
SECTIONS = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_alert_has_severity_summary_first_step_and_runbook(rule: Rule) -> None:
    name, annotations = str(rule["alert"]), texts(rule, "annotations")
    assert name.startswith("Enphase")
    assert texts(rule, "labels")["severity"] in SEVERITIES
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert "$labels.instance" in annotations["summary"] or name.startswith("EnphaseExporter"), "where"
    assert re.search(r"\bfirst\b", annotations["description"], re.IGNORECASE), "what to do first"
    assert annotations["runbook_url"] == f"{PAGE_URL}#{name.lower()}"


def test_page_sections_are_the_alerts() -> None:
    assert sorted(SECTIONS) == NAMES


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_page_section_has_severity_for_and_five_parts(rule: Rule) -> None:
    section = SECTIONS[str(rule["alert"])]
    assert section.startswith(f"Severity: {texts(rule, 'labels')['severity']}. For: {rule.get('for', '0m')}.\n")
    assert re.findall(r"^- \*\*([^*]+)\*\*", section, re.MULTILINE) == PARTS


@pytest.mark.parametrize("name", NAMES)
def test_page_section_has_the_thresholds_of_the_rules(name: str) -> None:
    expressions = [str(rule["expr"]) for rule in ALERTS if rule["alert"] == name]
    compared = {number for text in expressions for number in THRESHOLD.findall(text)} - {"0", "1"}
    thresholds = THRESHOLDS.get(name, {})
    assert compared == thresholds.keys()
    section = " ".join(SECTIONS[name].split())
    assert [text for text in thresholds.values() if text not in section] == []


def test_page_links_lead_to_sections() -> None:
    assert set(re.findall(r"\(#(\w+)\)", PAGE)) <= {name.lower() for name in NAMES}


def test_page_names_only_recorded_series() -> None:
    recorded = {rule["record"] for rule in rules_in(*FILES) if "record" in rule}
    named = set(re.findall(r"\w+:enphase_\w+(?::\w+)?", PAGE))
    assert named
    assert named <= recorded


def test_page_queries_are_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    queries = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    assert len(queries) > len(NAMES)
    check_queries(queries, tmp_path)


def checked_alerts() -> Iterator[tuple[str, bool]]:
    """Yield each alert that a unit test checks, with whether it is expected to fire."""
    for file in Path(__file__).parent.glob("alerts-*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for check in test.get("promql_expr_test", ()):
                for name in re.findall(r'alertname="(\w+)"', check["expr"]):
                    yield name, bool(check["exp_samples"])
                for sample in check["exp_samples"]:
                    yield from ((name, True) for name in re.findall(r'alertname="(\w+)"', sample["labels"]))


def test_each_alert_is_tested_firing_and_not_firing() -> None:
    checks = set(checked_alerts())
    assert {name for name, fires in checks if fires} == set(NAMES)
    assert {name for name, fires in checks if not fires} == set(NAMES)


def test_prometheus_config_is_valid_and_loads_all_rules() -> None:
    config = PROMETHEUS / "prometheus.yml"
    assert run("promtool", "check", "config", config).count("rules found") == len(FILES)


def test_prometheus_scrape_config_equals_that_of_the_readme() -> None:
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    shipped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert shipped["scrape_configs"] == yaml.safe_load(block)["scrape_configs"]


def alertmanager() -> dict[str, list[dict[str, list[str]]]]:
    loaded = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def matched(matchers: list[str]) -> set[str]:
    """Return the alerts that all matchers accept; all must be on the name. Alertmanager anchors its patterns."""
    patterns = [re.fullmatch(r'alertname =~? "(.+)"', matcher) for matcher in matchers]
    assert all(patterns), matchers
    return {name for name in NAMES if all(pattern and re.fullmatch(pattern[1], name) for pattern in patterns)}


@pytest.mark.parametrize("down", ["EnphaseGatewayDown", "EnphaseGatewayAbsent", "EnphaseCredentialsRejected"])
def test_alertmanager_gateway_down_inhibits_its_other_alerts(down: str) -> None:
    (rule,) = [rule for rule in alertmanager()["inhibit_rules"] if down in matched(rule["source_matchers"])]
    assert rule["equal"] == ["job", "instance"], "of this gateway, and of no other"
    assert matched(rule["target_matchers"]) == set(NAMES)


def test_alertmanager_inhibit_rules_match_existing_alerts() -> None:
    for rule in alertmanager()["inhibit_rules"]:
        assert matched(rule["source_matchers"]), rule
        assert matched(rule["target_matchers"]), rule
        assert rule["equal"], "without it, one system inhibits the alerts of all others"


def test_alertmanager_config_passes_amtool() -> None:
    if shutil.which("amtool") is None:
        pytest.skip(AMTOOL_IS_MISSING)
    run("amtool", "check-config", PROMETHEUS / "alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receiver", "muted_at_night"),
    [
        (["alertname=EnphaseGatewayDown", "severity=critical", "instance=barn"], "operator", True),
        (["alertname=EnphaseGatewayDown", "severity=critical", "instance=home"], "operator", False),
        (["alertname=EnphaseGridOutage", "severity=critical", "instance=barn"], "operator", False),
        (["alertname=EnphaseInverterSilent", "severity=warning", "instance=barn"], "operator", False),
        (["alertname=EnphaseFirmwareChanged", "severity=info", "instance=barn"], "none", False),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_alertmanager_routes_alert_to_receiver(
    tmp_path: Path, labels: list[str], receiver: str, muted_at_night: bool
) -> None:
    """amtool names the receiver; to see the route, the muted one gets a receiver of its own."""
    if shutil.which("amtool") is None:
        pytest.skip(AMTOOL_IS_MISSING)
    config = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    for route in config["route"]["routes"]:
        if route.get("mute_time_intervals") == ["night"]:
            route["receiver"] = "night"
    config["receivers"].append({"name": "night"})
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    expected = "night" if muted_at_night else receiver
    output = run("amtool", "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yml'}", *labels)
    assert output.split() == [expected]
