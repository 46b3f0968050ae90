"""Recorded energy of days and months equals the energy of the simulated systems, on days of 23 and 25 hours too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from dashboards.site_history import Window, when, write
from dashboards.sites import SITES, Site, Truth
from support.prometheus import program
from support.rules import needed, recording_rules
from support.tsdb import Prometheus, fill_in, serve

pytestmark = pytest.mark.integration

SPRING = {"Europe": date(2025, 3, 30), "America": date(2025, 3, 9)}
AUTUMN = {"Europe": date(2025, 10, 26), "America": date(2025, 11, 2)}
"""The days on which the clocks are changed."""
ENERGY, RATIO = "instance:enphase_flow_kilowatt_hours:day", "instance:enphase_self_consumption_ratio:day"
RULES = needed(recording_rules(), {ENERGY, RATIO})
ONE_PERCENT = 0.01
NEGLIGIBLE = 0.01
"""Kilowatt-hours a day below which a difference does not count."""
FLOWS = {"solar", "load", "import", "export", "charge", "discharge"}
YEAR = 2025
HOUR = 3600.0


@dataclass(frozen=True)
class Sums:
    """The days of all sites: as recorded, and as simulated."""

    prometheus: Prometheus
    windows: Sequence[Window]
    truths: dict[str, Truth]

    def days(self, site: Site) -> list[date]:
        return [day for window in self.windows if window.site == site for day in window.days]

    def recorded(self, site: Site, day: date, record: str) -> dict[str, float]:
        """The samples of a day by flow; each is written once, soon after the end of the day."""
        end = site.midnight(day + timedelta(1))
        found = self.prometheus.at(f'{record}{{instance="{site.instance}"}}[1h]', end + 3599)
        for labels, values in found:
            assert len(values) == 1, (labels, values)
        return {labels.get("flow", ""): value for labels, values in found for value in values.values()}


@contextmanager
def sums(windows: Sequence[Window], data: Path) -> Iterator[Sums]:
    program("prometheus")
    truths = write(windows, data, inverters=False)
    fill_in(RULES, data, when(windows))
    with serve(data) as prometheus:
        yield Sums(prometheus, windows, truths)


def around_the_clock_changes() -> list[Window]:
    """The day itself, the day before and the day after."""
    return [
        Window(site, changed[site.profile.timezone.partition("/")[0]] - timedelta(1), 3)
        for changed in (SPRING, AUTUMN)
        for site in SITES
    ]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sums]:
    with sums(around_the_clock_changes(), tmp_path_factory.mktemp("sums")) as known:
        yield known


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance)
def test_recorded_days_around_a_clock_change_are_the_true_energy(changed: Sums, site: Site) -> None:
    assert [*wrong_days(changed, site)] == []
    assert [*wrong_months(changed, site)] == []


def test_days_of_clock_changes_have_23_and_25_hours() -> None:
    for site in SITES:
        continent = site.profile.timezone.partition("/")[0]
        for day, hours in ((SPRING[continent], 23), (AUTUMN[continent], 25)):
            assert site.midnight(day + timedelta(1)) - site.midnight(day) == HOUR * hours


@pytest.mark.exhaustive
def test_recorded_days_and_months_of_a_year_are_the_true_energy(tmp_path: Path) -> None:
    """Takes half an hour. One test, because each process would write its own year."""
    first, last = date(YEAR, 1, 1), date(YEAR, 12, 31)
    windows = [Window(site, first, (last - first).days + 1) for site in SITES]
    with sums(windows, tmp_path / "data") as year:
        assert [error for site in SITES for error in (*wrong_days(year, site), *wrong_months(year, site))] == []


def wrong_days(known: Sums, site: Site) -> Iterator[str]:
    truth = known.truths[site.instance]
    for day in known.days(site):
        recorded = known.recorded(site, day, ENERGY)
        yield from wrong_flows(site, day, recorded, {flow: truth.kilowatt_hours(day, flow) for flow in site.flows})
        ratio = known.recorded(site, day, RATIO)
        expected = {"": truth.self_consumption(day)} if "export" in site.flows else {}
        if ratio != pytest.approx(expected, abs=ONE_PERCENT):
            yield f"{site.instance} {day}: self-consumption {ratio} and not {expected}"


def wrong_months(known: Sums, site: Site) -> Iterator[str]:
    """Compares the sum of a month's days, as a panel computes it."""
    truth = known.truths[site.instance]
    for month in sorted({day.month for day in known.days(site)}):
        days = [day for day in known.days(site) if day.month == month]
        start, end = site.midnight(days[0]) + HOUR, site.midnight(days[-1] + timedelta(1)) + HOUR
        query = f'sum_over_time({ENERGY}{{instance="{site.instance}"}}[{round(end - start)}s])'
        added = {labels["flow"]: next(iter(values.values())) for labels, values in known.prometheus.at(query, end)}
        expected = {flow: sum(truth.kilowatt_hours(day, flow) for day in days) for flow in site.flows}
        yield from wrong_flows(site, days[0], added, expected)


def wrong_flows(site: Site, since: date, recorded: Mapping[str, float], expected: Mapping[str, float]) -> Iterator[str]:
    if {*recorded} & FLOWS != {*expected}:
        yield f"{site.instance} {since}: {sorted(recorded)} and not {sorted(expected)}"
    for flow in recorded.keys() & expected.keys():
        if recorded[flow] != pytest.approx(expected[flow], rel=ONE_PERCENT, abs=NEGLIGIBLE):
            yield f"{site.instance} {since}: {flow} {recorded[flow]:.3f} kWh and not {expected[flow]:.3f}"
