"""Energy of today and of the last week beside a lifetime: which of them is rejected, in every such document."""

import pytest
from support.documents import information, of, one, read, rejected_by

from envoy_exporter.collectors import installer, production, sanity_checks
from envoy_exporter.collectors.consumption import Consumption, ConsumptionPhase
from envoy_exporter.collectors.installer import PdmEnergy
from envoy_exporter.collectors.production import Production, ProductionPhase
from envoy_exporter.documents import INFO, METERS, PDM_ENERGY, PRODUCTION_JSON, PRODUCTION_V1, Json
from envoy_exporter.fields import FieldReader

LIFETIME = 6_780_123.5

WEEK = 90_000.5

WEEK_JOULES = 324_001_800.0

BOTH_METERS: list[Json] = [
    {"eid": eid, "state": "enabled", "measurementType": kind, "phaseCount": 1}
    for eid, kind in ((704643328, "production"), (704643584, "net-consumption"))
]


def energies(day: float | None, week: float | None, lifetime: float | None) -> tuple[float | None, float | None, str]:
    """The accepted day and week, and the rules that rejected the others."""
    sent = {key: value for key, value in (("day", day), ("week", week)) if value is not None}
    fields = FieldReader(sent, PRODUCTION_V1)
    accepted = sanity_checks.day_and_week(fields, "day", "week", lifetime)
    return accepted.day, accepted.week, " ".join(f"{key}:{rule}" for _, rule, key in fields.rejections)


DAY, WHOLE_WEEK, LOW = "day:day_equals_lifetime", "week:week_equals_lifetime", "week:week_below_day"


@pytest.mark.parametrize(
    ("day", "week", "lifetime", "expected"),
    [
        # The first day of a system, the second with more and with less energy than the first, the eighth and the ninth.
        (12_000, 0, 12_000, (None, 0, DAY)),
        (12_000, 5_000, 17_000, (None, 5_000, DAY)),
        (5_000, 12_000, 17_000, (5_000, None, WHOLE_WEEK)),
        (9_000, 70_000, 79_000, (9_000, None, WHOLE_WEEK)),
        (9_000, 70_000, 91_000, (9_000, 70_000, "")),
        # At night, and on the first night.
        (0, 70_000, 910_000, (0, 70_000, "")),
        (0, 0, 0, (0, 0, "")),
        (0, 12_000, 12_000, (0, None, WHOLE_WEEK)),
        # The week is missing, or 0.
        (9_000, None, 910_000, (9_000, None, "")),
        (909_900, None, 910_000, (None, None, DAY)),
        (909_900, 0, 910_000, (None, 0, DAY)),
        (9_000, 0, 910_000, (9_000, None, LOW)),
        # The day is the lifetime within 0.2 %, or the lifetime less the week.
        (6_780_000, 90_000, 6_780_123, (None, 90_000, DAY)),
        (6_690_123, 90_000, 6_780_123, (None, 90_000, DAY)),
        (6_680_000, 90_000, 6_780_123, (None, 90_000, DAY)),
        (6_760_000, 90_000, 6_780_123, (6_760_000, None, LOW)),
        # Both are the lifetime; the lifetime is missing, or negative as a balance can be.
        (910_000, 910_000, 910_000, (None, None, f"{DAY} {WHOLE_WEEK}")),
        (9_000, 70_000, None, (9_000, 70_000, "")),
        (9_000, 70_000, -910_000, (9_000, 70_000, "")),
        (-1_234.5, 0, -1_234.5, (None, 0, DAY)),
        (None, 910_000, 910_000, (None, None, WHOLE_WEEK)),
    ],
)
def test_day_and_week_beside_a_lifetime_are_accepted_if_plausible(
    day: float | None,
    week: float | None,
    lifetime: float | None,
    expected: tuple[float | None, float | None, str],
) -> None:
    assert energies(day, week, lifetime) == expected


def entry(kind: str, measurement: str, lifetime: float, today: float, **more: Json) -> dict[str, Json]:
    return {
        "type": kind,
        "activeCount": 1,
        "measurementType": measurement,
        "wNow": 900.0,
        "whLifetime": lifetime,
        "whToday": today,
        "whLastSevenDays": WEEK,
        **more,
    }


SOUND = entry("eim", "production", 5_000_000.0, 12_000.0)

WRONG_DAY: dict[str, Json] = {"wNow": 900.0, "whLifetime": LIFETIME, "whToday": LIFETIME, "whLastSevenDays": WEEK}


def test_production_with_a_rejected_day_keeps_its_week() -> None:
    eim = entry("eim", "production", LIFETIME, LIFETIME, lines=[WRONG_DAY])
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [eim]}, METERS: BOTH_METERS})
    site, phase = one(Production, result), one(ProductionPhase, result)
    assert (site.today, site.last_week) == (None, WEEK_JOULES)
    assert (phase.today, phase.last_week) == (None, WEEK_JOULES)
    assert rejected_by(result) == ["day_equals_lifetime", "day_equals_lifetime"]


def test_consumption_with_a_rejected_day_keeps_its_week() -> None:
    total = entry("eim", "total-consumption", LIFETIME, LIFETIME, lines=[WRONG_DAY])
    content: Json = {"production": [SOUND], "consumption": [total]}
    result = read(production.COLLECTOR, {PRODUCTION_JSON: content, METERS: BOTH_METERS})
    site, phase = one(Consumption, result), one(ConsumptionPhase, result)
    assert (site.today, site.last_week) == (None, WEEK_JOULES)
    assert (phase.today, phase.last_week) == (None, WEEK_JOULES)


def test_v1_with_a_day_near_the_lifetime_keeps_its_week() -> None:
    """The day is read a poll before the lifetime, so the two are not equal."""
    v1: Json = {
        "wattHoursToday": 6_780_000,
        "wattHoursSevenDays": 90_000,
        "wattHoursLifetime": 6_780_123,
        "wattsNow": 900,
    }
    site: Json = {"production": [{"type": "inverters", "activeCount": 10, "wNow": 900, "whLifetime": 917_000}]}
    standard = {INFO: information(imeter="false"), PRODUCTION_V1: v1, PRODUCTION_JSON: site, METERS: []}
    result = read(production.COLLECTOR, standard)
    assert (one(Production, result).today, one(Production, result).last_week) == (None, 324_000_000.0)
    assert rejected_by(result) == ["day_equals_lifetime"]


def test_pdm_energy_with_a_rejected_day_keeps_its_week() -> None:
    eim: Json = {
        "wattsNow": 900,
        "wattHoursToday": 6_780_000,
        "wattHoursSevenDays": 90_000,
        "wattHoursLifetime": 6_780_123,
    }
    result = read(installer.COLLECTOR, {PDM_ENERGY: {"production": {"eim": eim}}})
    (energy,) = of(PdmEnergy, result)
    assert (energy.today, energy.last_week) == (None, 324_000_000.0)


@pytest.mark.parametrize(
    ("day", "week", "expected"),
    [
        (-1.0, 5.0, (None, 5.0, ["day:range"])),
        (1.0, -5.0, (1.0, None, ["week:range"])),
        ("1", 5.0, (None, 5.0, ["day:type"])),
        (1.0, None, (1.0, None, ["week:type"])),
    ],
)
def test_day_and_week_out_of_range_are_rejected_and_counted(
    day: Json, week: Json, expected: tuple[float | None, float | None, list[str]]
) -> None:
    fields = FieldReader({"day": day, "week": week}, PRODUCTION_V1)
    accepted = sanity_checks.day_and_week(fields, "day", "week", 910_000.0, low=0)
    rejected = [f"{key}:{rule}" for _, rule, key in fields.rejections]
    assert (accepted.day, accepted.week, rejected) == expected


def test_negative_day_and_week_are_accepted_without_a_bound() -> None:
    """A balance may be negative."""
    fields = FieldReader({"day": -1.0, "week": -0.5}, PRODUCTION_V1)
    assert sanity_checks.day_and_week(fields, "day", "week", None) == (-1.0, -0.5)
    assert fields.rejections == []
