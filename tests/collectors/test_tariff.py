"""Storage settings and prices: by season, day, period and tier."""

from typing import Any

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import tariff
from envoy_exporter.collectors.tariff import Day, PeriodStart, Price, Season, StorageSettings, TierLimit
from envoy_exporter.documents import (
    TARIFF,
    Json,
)

STORAGE: dict[str, Json] = {
    "mode": "self-consumption",
    "operation_mode_sub_type": "",
    "reserved_soc": 15.0,
    "very_low_soc": 5,
    "charge_from_grid": True,
    "date": "1695598084",
    "opt_schedules": False,
}


def document(**more: Json) -> dict[str, Json]:
    available: dict[str, Json] = {
        "currency": {"code": "EUR"},
        "date": "1701165193",
        "storage_settings": STORAGE,
        "single_rate": {"rate": 0.0, "sell": 0.0},
        "seasons": [],
        "seasons_sell": [],
    }
    return {TARIFF: {"tariff": {**available, **more}, "schedule": {"reserved_soc": 30.0}}}


def storage(**more: Json) -> StorageSettings:
    return one(StorageSettings, read(tariff.COLLECTOR, document(storage_settings={**STORAGE, **more})))


def prices(**more: Json) -> dict[tuple[str | None, ...], float | None]:
    listed = of(Price, read(tariff.COLLECTOR, document(**more)))
    return {(price.direction, price.season, price.day, price.period, price.tier): price.price for price in listed}


def test_storage_settings_are_not_the_defaults_of_the_schedule() -> None:
    assert storage() == StorageSettings(
        mode="self-consumption",
        charge_from_grid=True,
        reserve=0.15,
        very_low=0.05,
        schedules_optimized=False,
        last_change=1_695_598_084,
    )


@pytest.mark.parametrize(
    ("sent", "mode"),
    [("savings-mode", "savings-mode"), ("economy", "savings-mode"), ("backup", "backup"), (None, None), ("", None)],
)
def test_storage_mode_economy_is_the_newer_name_of_savings_mode(sent: Json, mode: str | None) -> None:
    assert storage(mode=sent).mode == mode


def test_storage_settings_of_old_firmware_are_absent() -> None:
    assert read(tariff.COLLECTOR, {TARIFF: {"tariff": {"currency": {"code": "USD"}, "single_rate": {}}}}).readings == ()


def test_storage_reserve_out_of_range_is_rejected() -> None:
    result = read(tariff.COLLECTOR, document(storage_settings={**STORAGE, "reserved_soc": 101, "very_low_soc": "5"}))
    assert one(StorageSettings, result).reserve is None
    assert [(rejection.rule, rejection.key) for rejection in result.rejections] == [
        ("range", "reserved_soc"),
        ("type", "very_low_soc"),
    ]


def test_single_rate_of_zero_has_no_price() -> None:
    """The gateway reports 0 if there is no single rate."""
    assert prices() == {}
    assert prices(single_rate={"rate": 0.21835}) == {("import", None, None, None, None): 0.21835}


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        (0.20000000298023224, 0.2),
        (0.07999999821186066, 0.08),
        (0.321370005607605, 0.32137),
        (9.899999713525176e-05, 0.000099),
        (0.15483799576759339, 0.154838),
        (0.21835, 0.21835),
        (12.34000015258789, 12.34),
        (-0.05000000074505806, -0.05),
    ],
)
def test_price_is_rounded_to_the_digits_of_single_precision(sent: float, price: float) -> None:
    sell = one(Price, read(tariff.COLLECTOR, document(single_rate={"rate": 0, "sell": sent})))
    assert (sell.direction, sell.currency, sell.price) == ("export", "EUR", price)


def day(name: str, *periods: Json) -> Json:
    return {"id": name, "days": "Mon,Tue", "periods": list(periods)}


def period(name: str, start: int, rate: float) -> Json:
    return {"id": name, "start": start, "rate": rate}


DAYS: list[Json] = [
    day("weekdays", period("filler", 0, 0.15), period("peak", 900, 0.375), period("filler", 1381, 0.15)),
    day("weekend", period("filler", 0, 0)),
]


def test_period_name_repeated_in_a_day_has_a_number() -> None:
    assert prices(seasons=[{"id": "summer", "start": "6/1", "days": DAYS, "tiers": []}]) == {
        ("import", "summer", "weekdays", "filler", None): 0.15,
        ("import", "summer", "weekdays", "peak", None): 0.375,
        ("import", "summer", "weekdays", "filler#2", None): 0.15,
        ("import", "summer", "weekend", "filler", None): 0.0,
    }


def test_period_start_is_in_seconds_after_midnight() -> None:
    periods = of(PeriodStart, read(tariff.COLLECTOR, document(seasons_sell=[{"id": "all", "days": DAYS}])))
    assert [(period.direction, period.period, period.start) for period in periods if period.day == "weekdays"] == [
        ("export", "filler", 0),
        ("export", "peak", 54_000),
        ("export", "filler#2", 82_860),
    ]


def test_tiers_have_prices() -> None:
    tiers: Any = [{"id": "tier_1", "limit": 500, "rate": 0.2}, {"id": "tier_2", "limit": -1, "rate": 0.1}]
    assert prices(seasons=[{"id": "season_1", "days": [], "tiers": tiers}]) == {
        ("import", "season_1", None, None, "tier_1"): 0.2,
        ("import", "season_1", None, None, "tier_2"): 0.1,
    }


def test_tier_limit_of_the_last_tier_is_absent() -> None:
    """4.10.35: 500 and 1200 kWh, and -1."""
    tiers: Any = [{"id": "tier_1", "limit": 500, "rate": 0.2}, {"id": "tier_2", "limit": -1, "rate": 0.1}]
    result = read(tariff.COLLECTOR, document(seasons=[{"id": "season_1", "days": [], "tiers": tiers}]))
    assert {tier.tier: tier.limit for tier in of(TierLimit, result)} == {"tier_1": 500 * 3.6e6, "tier_2": None}
    assert result.rejections == ()


def test_season_start_and_weekdays_are_exposed() -> None:
    result = read(tariff.COLLECTOR, document(seasons_sell=[{"id": "summer", "start": "6/1", "days": DAYS}]))
    assert one(Season, result) == Season(direction="export", season="summer", start="6/1")
    assert of(Day, result) == [
        Day(direction="export", season="summer", day="weekdays", weekdays="Mon,Tue"),
        Day(direction="export", season="summer", day="weekend", weekdays="Mon,Tue"),
    ]


def test_prices_without_names_have_different_labels() -> None:
    without_names: Json = [{"days": [{"periods": [{"rate": 1}, {"rate": 2}]}, {"periods": [{"rate": 3}]}]}]
    assert len(prices(seasons=without_names)) == 3


def test_tariff_with_many_prices_has_a_thousand_samples_at_most() -> None:
    periods: Json = [{"id": f"p{n}", "rate": 0.5, "start": 0} for n in range(40)]
    days: Json = [{"id": f"d{n}", "periods": periods} for n in range(40)]
    result = read(
        tariff.COLLECTOR, {TARIFF: {"tariff": {"seasons": [{"id": f"s{n}", "days": days} for n in range(40)]}}}
    )
    assert len(result.readings) == 1000
    assert len(of(Price, result)) > 400
    assert [rejection.rule for rejection in result.rejections] == ["limit"]
