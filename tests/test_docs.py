"""The docs keep what they promise."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.metrics_page import endpoints_of, example_documents, page, queries
from support.prometheus import check_queries
from support.simulator_page import with_tables

from envoy_exporter.app import COLLECTORS
from envoy_exporter.collectors import layout
from envoy_exporter.documents import Documents
from envoy_exporter.families import describe
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway_collector import READINGS, families
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.token import parse
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.design import make_inverters

DOCS = Path(__file__).parent.parent / "docs"
A_JUNE_DAY = 1_781_024_400.0


def plant(profile: str) -> Documents:
    """What a gateway of this profile says to an installer, with every collector switched on."""
    clock = ManualClock(A_JUNE_DAY)
    with Simulator(profile, clock=clock.time, tls=False) as gateway:
        token = parse(gateway.make_token(enphaseUser="installer"))
        scraped = InProcessExporter(settings(gateway, token=token, collectors=frozenset(COLLECTORS)), clock)
        scraped.poll()
        return scraped.gateway.snapshot().documents


def series(inverters: int) -> int:
    """Of a gateway that is the demo's, with so many inverters."""
    profile = PROFILES["8.3"]
    each = make_inverters(inverters, 532437110003, arrays=2, legs=((0, 1),), peak_watts=400, limit_watts=349)
    larger = replace(profile, design=replace(profile.design, inverters=each))
    clock = ManualClock(A_JUNE_DAY)
    with Simulator(larger, clock=clock.time, tls=False) as gateway:
        return len(InProcessExporter(settings(gateway), clock).scrape().samples)


@pytest.mark.integration
def test_the_page_of_metrics_is_what_the_code_declares(request: pytest.FixtureRequest) -> None:
    endpoints = endpoints_of([*map(plant, PROFILES), *example_documents()], A_JUNE_DAY)
    written = page(endpoints, {count: series(count) for count in (20, 100)})
    if request.config.getoption("--update-golden"):
        (DOCS / "metrics.md").write_text(written)
    assert (DOCS / "metrics.md").read_text() == written
    of_no_endpoint = {family.name for family in describe((*READINGS, *layout.COLLECTOR.readings))}
    assert {family.name for family in families()} - endpoints.keys() == of_no_endpoint


def test_simulator_page_tables_match_the_code(request: pytest.FixtureRequest) -> None:
    path = DOCS / "development" / "simulator.md"
    written = with_tables(path.read_text())
    if request.config.getoption("--update-golden"):
        path.write_text(written)
    assert path.read_text() == written


@pytest.mark.integration
def test_the_queries_on_it_are_queries(tmp_path: Path) -> None:
    check_queries([query for family in families() for query in queries(family)], tmp_path)


@pytest.mark.integration
def test_every_reading_of_home_assistant_has_its_metric_here(tmp_path: Path) -> None:
    """150 entities; what is no reading says so in words."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", (DOCS / "home-assistant.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 151))
    declared = {family.name for family in families()}
    asked: list[str] = []
    for number, here in rows:
        expressions = re.findall(r"`([^`]*enphase_[^`]*)`", here)
        assert expressions or "not a reading" in here, number
        assert set(re.findall(r"enphase_\w+", here)) <= declared, number
        asked += expressions
    assert len(asked) > 200
    check_queries(asked, tmp_path)


SEARCHED = (
    "Current net power consumption",
    "Lifetime net energy consumption",
    "Lifetime net energy production",
    "Current battery discharge",
    "Lifetime battery energy discharged",
    "Lifetime battery energy charged",
    "Frequency net consumption CT",
    "Battery energy charged",
    "Battery energy discharged",
)
"""Names of entities as Home Assistant shows them."""


@pytest.mark.integration
def test_home_assistant_page_has_a_query_for_each_name_that_people_see(tmp_path: Path) -> None:
    text = (DOCS / "home-assistant.md").read_text()
    section = text[text.index("## By the name") : text.index("## Production")]
    rows = dict(re.findall(r"^\| ([A-Z][^|]+) \| ([^|]*enphase_[^|]+) \|$", section, re.MULTILINE))
    assert [name for name in SEARCHED if not any(row.startswith(name) for row in rows)] == []
    check_queries([query for cell in rows.values() for query in re.findall(r"`([^`]*enphase_[^`]*)`", cell)], tmp_path)


PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_metric_that_there_is_not(page: Path) -> None:
    text = page.read_text()
    own = {f"{each.name}{'_total' * (each.type == 'counter')}" for each in Telemetry("").registry.collect()}
    named = {name for name in re.findall(r"(?<!:)\benphase_\w+", text) if not name.endswith("_")}  # level:recorded
    assert named - {"enphase_envoy"} <= {family.name for family in families()} | own  # that is Home Assistant's


@pytest.mark.integration
def test_the_load_is_a_query(tmp_path: Path) -> None:
    (load,) = re.findall(r"```promql\n(.*?)```", (DOCS / "choosing-metrics.md").read_text(), re.DOTALL)
    check_queries([" ".join(load.split())], tmp_path)


def test_the_page_on_asking_lists_every_endpoint_in_its_class() -> None:
    """One row a class: its name, its age, and the paths in the order in which they are asked."""
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$", (DOCS / "polling.md").read_text(), re.MULTILINE)
    told = {
        name: re.findall(r"(?:^|· )((?:`[^`]+`(?:, | and )?)+)", paths) for name, _, paths in rows if name != "class"
    }
    listed = {name: re.findall(r"`([^`]+)`", "".join(those)) for name, those in told.items()}
    asked: dict[str, list[str]] = {}
    for endpoint in ENDPOINTS:
        asked.setdefault(endpoint.age.name, []).append(endpoint.target)
    assert listed == asked
