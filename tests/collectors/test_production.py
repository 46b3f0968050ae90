"""The site's production: its values, and which of them are rejected."""

import pytest
from support.documents import of, one, read
from support.production import CT, INVERTERS, STANDARD, V1, eim, site

from envoy_exporter.collectors import production
from envoy_exporter.collectors.production import Production, ProductionPhase, Reporting
from envoy_exporter.documents import INFO, METERS, PRODUCTION_JSON, PRODUCTION_V1, Json


def test_production_of_a_ct_is_a_counter_and_of_v1_a_gauge() -> None:
    ct = one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim()), METERS: CT}))
    assert (ct.power, ct.energy, ct.lifetime) == (4556.1, 19_230_313.0 * 3600, None)
    assert (ct.today, ct.last_week, ct.last_reading) == (18_633.0 * 3600, 218_714.0 * 3600, 1_780_999_990)
    v1 = one(
        Production, read(production.COLLECTOR, {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1})
    )
    assert (v1.power, v1.energy, v1.lifetime) == (5326, None, 19_229_325 * 3600.0)


def test_production_with_negative_power_at_night_is_accepted() -> None:
    assert (
        one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(wNow=-6.48)), METERS: CT})).power == -6.48
    )


def test_production_of_today_equal_to_the_lifetime_is_rejected() -> None:
    """8.3.5433: whToday = whLastSevenDays = whLifetime."""
    result = read(
        production.COLLECTOR,
        {PRODUCTION_JSON: site(eim(whToday=19_230_313.0, whLastSevenDays=19_230_313.0)), METERS: CT},
    )
    assert (one(Production, result).today, one(Production, result).last_week) == (None, None)
    assert result.rejections == (
        (PRODUCTION_JSON, "day_equals_lifetime", "whToday"),
        (PRODUCTION_JSON, "week_equals_lifetime", "whLastSevenDays"),
    )


@pytest.mark.parametrize("week", [19_230_313.0 - 18_633.0, 19_230_313.0 * 0.999])
def test_production_of_the_week_near_the_lifetime_is_rejected(week: float) -> None:
    """8.1.41 reports 1,456 kWh for the week, and a lifetime of 1,510 kWh."""
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(whLastSevenDays=week)), METERS: CT})
    assert one(Production, result).last_week is None
    assert one(Production, result).today == 18_633.0 * 3600


def test_production_of_the_week_below_the_day_is_rejected() -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(whLastSevenDays=4.6)), METERS: CT})
    assert one(Production, result).last_week is None
    assert result.rejections == ((PRODUCTION_JSON, "week_below_day", "whLastSevenDays"),)


def test_production_zeros_of_a_new_system_are_accepted() -> None:
    new = eim(whLifetime=0.0, whToday=0.0, whLastSevenDays=0.0)
    values = one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(new), METERS: CT}))
    assert (values.energy, values.today, values.last_week) == (0, 0, 0)


LINES: Json = [
    {"wNow": 2300.0, "whLifetime": 1000.0},
    {"wNow": 2256.1, "whLifetime": 2000.0},
    {"wNow": 0.0, "whLifetime": 0.0},
]


def test_production_lines_beyond_the_phases_of_the_ct_are_ignored() -> None:
    """8.3.1598_collar pads the lines of a split-phase gateway to three."""
    phases = of(ProductionPhase, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(lines=LINES)), METERS: CT}))
    assert [(phase.phase, phase.power, phase.energy) for phase in phases] == [
        ("L1", 2300.0, 3_600_000.0),
        ("L2", 2256.1, 7_200_000.0),
    ]


def test_production_line_that_is_invalid_does_not_shift_the_phases() -> None:
    lines: Json = [None, {"wNow": 5.0}]
    phases = of(ProductionPhase, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(lines=lines)), METERS: CT}))
    assert [(phase.phase, phase.power) for phase in phases] == [("L2", 5.0)]


def test_reporting_inverters_are_the_count_of_the_gateway() -> None:
    assert one(Reporting, read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS)})).inverters == 22
