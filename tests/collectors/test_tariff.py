"""What the batteries are told, and prices: in one season or several, by the hour or by how much is used."""

from typing import Any

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import tariff
from envoy_exporter.collectors.tariff import Day, PeriodStart, Price, Season, StorageSettings, TierLimit
from envoy_exporter.documents import TARIFF, Json

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
    told: dict[str, Json] = {
        "currency": {"code": "EUR"},
        "date": "1701165193",
        "storage_settings": STORAGE,
        "single_rate": {"rate": 0.0, "sell": 0.0},
        "seasons": [],
        "seasons_sell": [],
    }
    return {TARIFF: {"tariff": {**told, **more}, "schedule": {"reserved_soc": 30.0}}}


def storage(**more: Json) -> StorageSettings:
    return one(StorageSettings, read(tariff.COLLECTOR, document(storage_settings={**STORAGE, **more})))


def prices(**more: Json) -> dict[tuple[str | None, ...], float | None]:
    found = of(Price, read(tariff.COLLECTOR, document(**more)))
    return {(each.direction, each.season, each.day, each.period, each.tier): each.price for each in found}


def test_settings_are_those_of_the_storage_and_not_the_schedules_defaults() -> None:
    assert storage() == StorageSettings(
        mode="self-consumption",
        charge_from_grid=True,
        reserve=0.15,
        very_low=0.05,
        schedules_optimized=False,
        last_change=1_695_598_084,
    )


@pytest.mark.parametrize(
    ("told", "mode"),
    [("savings-mode", "savings-mode"), ("economy", "savings-mode"), ("backup", "backup"), (None, None), ("", None)],
)
def test_economy_is_the_newer_name_of_savings_mode(told: Json, mode: str | None) -> None:
    assert storage(mode=told).mode == mode


def test_old_firmware_keeps_no_storage_settings() -> None:
    assert read(tariff.COLLECTOR, {TARIFF: {"tariff": {"currency": {"code": "USD"}, "single_rate": {}}}}).readings == ()


def test_a_reserve_beyond_all_is_rejected() -> None:
    told = read(tariff.COLLECTOR, document(storage_settings={**STORAGE, "reserved_soc": 101, "very_low_soc": "5"}))
    assert one(StorageSettings, told).reserve is None
    assert [(each.rule, each.key) for each in told.rejections] == [("range", "reserved_soc"), ("type", "very_low_soc")]


def test_no_single_rate_is_written_as_zero() -> None:
    assert prices() == {}
    assert prices(single_rate={"rate": 0.21835}) == {("import", None, None, None, None): 0.21835}


@pytest.mark.parametrize(
    ("told", "price"),
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
def test_a_price_is_without_the_noise_of_single_precision(told: float, price: float) -> None:
    only = one(Price, read(tariff.COLLECTOR, document(single_rate={"rate": 0, "sell": told})))
    assert (only.direction, only.currency, only.price) == ("export", "EUR", price)


def day(name: str, *periods: Json) -> Json:
    return {"id": name, "days": "Mon,Tue", "periods": list(periods)}


def period(name: str, start: int, rate: float) -> Json:
    return {"id": name, "start": start, "rate": rate}


DAYS: list[Json] = [
    day("weekdays", period("filler", 0, 0.15), period("peak", 900, 0.375), period("filler", 1381, 0.15)),
    day("weekend", period("filler", 0, 0)),
]


def test_a_day_that_ends_as_it_began_has_two_periods_of_that_name() -> None:
    assert prices(seasons=[{"id": "summer", "start": "6/1", "days": DAYS, "tiers": []}]) == {
        ("import", "summer", "weekdays", "filler", None): 0.15,
        ("import", "summer", "weekdays", "peak", None): 0.375,
        ("import", "summer", "weekdays", "filler#2", None): 0.15,
        ("import", "summer", "weekend", "filler", None): 0.0,
    }


def test_periods_begin_so_long_after_midnight() -> None:
    starts = of(PeriodStart, read(tariff.COLLECTOR, document(seasons_sell=[{"id": "all", "days": DAYS}])))
    assert [(each.direction, each.period, each.start) for each in starts if each.day == "weekdays"] == [
        ("export", "filler", 0),
        ("export", "peak", 54_000),
        ("export", "filler#2", 82_860),
    ]


def test_tiers_are_prices_too() -> None:
    tiers: Any = [{"id": "tier_1", "limit": 500, "rate": 0.2}, {"id": "tier_2", "limit": -1, "rate": 0.1}]
    assert prices(seasons=[{"id": "season_1", "days": [], "tiers": tiers}]) == {
        ("import", "season_1", None, None, "tier_1"): 0.2,
        ("import", "season_1", None, None, "tier_2"): 0.1,
    }


def test_a_tier_ends_where_the_next_one_begins_and_the_last_one_never() -> None:
    """4.10.35: 500 and 1200 kWh, and -1."""
    tiers: Any = [{"id": "tier_1", "limit": 500, "rate": 0.2}, {"id": "tier_2", "limit": -1, "rate": 0.1}]
    found = read(tariff.COLLECTOR, document(seasons=[{"id": "season_1", "days": [], "tiers": tiers}]))
    assert {each.tier: each.limit for each in of(TierLimit, found)} == {"tier_1": 500 * 3.6e6, "tier_2": None}
    assert found.rejections == ()


def test_a_season_begins_on_a_day_of_the_year_and_a_kind_of_day_is_of_some_weekdays() -> None:
    found = read(tariff.COLLECTOR, document(seasons_sell=[{"id": "summer", "start": "6/1", "days": DAYS}]))
    assert one(Season, found) == Season(direction="export", season="summer", start="6/1")
    assert of(Day, found) == [
        Day(direction="export", season="summer", day="weekdays", weekdays="Mon,Tue"),
        Day(direction="export", season="summer", day="weekend", weekdays="Mon,Tue"),
    ]


def test_all_prices_stay_apart_whatever_they_are_called() -> None:
    nameless: Json = [{"days": [{"periods": [{"rate": 1}, {"rate": 2}]}, {"periods": [{"rate": 3}]}]}]
    assert len(prices(seasons=nameless)) == 3
