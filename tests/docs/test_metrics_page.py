"""docs/metrics.md is up to date, and its queries are valid. `make golden` writes it."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.metrics_page import endpoints_of, example_documents, page, queries
from support.prometheus import check_queries

from envoy_exporter.app import COLLECTORS
from envoy_exporter.collectors import layout
from envoy_exporter.documents import Documents
from envoy_exporter.families import describe
from envoy_exporter.gateway_collector import READINGS, families
from envoy_exporter.token import parse
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.design import make_inverters

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
A_JUNE_DAY = 1_781_024_400.0


def documents_of(profile: str) -> Documents:
    """The documents of a simulated gateway with an installer's token and every collector enabled."""
    clock = ManualClock(A_JUNE_DAY)
    with Simulator(profile, clock=clock.time, tls=False) as gateway:
        token = parse(gateway.make_token(enphaseUser="installer"))
        exporter = InProcessExporter(settings(gateway, token=token, collectors=frozenset(COLLECTORS)), clock)
        exporter.poll()
        return exporter.gateway.snapshot().documents


def series_count(inverters: int) -> int:
    """The number of series of the demo's gateway, if it had this number of inverters."""
    profile = PROFILES["8.3"]
    made = make_inverters(inverters, 532437110003, arrays=2, legs=((0, 1),), peak_watts=400, limit_watts=349)
    larger = replace(profile, design=replace(profile.design, inverters=made))
    clock = ManualClock(A_JUNE_DAY)
    with Simulator(larger, clock=clock.time, tls=False) as gateway:
        return len(InProcessExporter(settings(gateway), clock).scrape().samples)


def test_metrics_page_matches_the_code(request: pytest.FixtureRequest) -> None:
    endpoints = endpoints_of([*map(documents_of, PROFILES), *example_documents()], A_JUNE_DAY)
    expected = page(endpoints, {count: series_count(count) for count in (20, 100)})
    if request.config.getoption("--update-golden"):
        PAGE.write_text(expected)
    assert PAGE.read_text() == expected, "run `make golden`, and review the difference"
    without_endpoint = {family.name for family in describe((*READINGS, *layout.COLLECTOR.readings))}
    assert {family.name for family in families()} - endpoints.keys() == without_endpoint


def test_metrics_page_fits_a_screen() -> None:
    assert [line for line in PAGE.read_text().splitlines() if len(line) > 120] == []


def test_metrics_page_queries_are_valid(tmp_path: Path) -> None:
    check_queries([query for family in families() for query in queries(family)], tmp_path)
