"""What the batteries are told to do and what a kilowatt-hour costs, as `/admin/lib/tariff` has it.

A gateway without a battery has the settings too. From firmware 8.2.4225 on a change made in the app may not show
here, for then the cloud owns them.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.families import Reading, gauge, info, label, states
from envoy_exporter.fields import Fields, Reject, Rejections, flag, number, percent, scaled

from . import sanity_checks
from .collector import Collector, Context, Result

MODES = ("self-consumption", "backup", "savings-mode")
_NAMES = {"economy": "savings-mode"}
_MINUTES_A_DAY = 1440
_KILOWATT_HOUR = 3.6e6
_ENDLESS = -1
_MOST_PRICES = json_fields.MOST_DEVICES
"""And starts of periods: lists in lists in lists, of a thousand each, would be a thousand million."""
_DIGITS_OF_SINGLE_PRECISION = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    mode: str | None = states(
        "enphase_storage_mode",
        "mode",
        MODES,
        "What the batteries are told to do, as known to the gateway; savings-mode is called economy by newer firmware.",
        fields=("storage_settings.mode",),
    )
    charge_from_grid: bool | None = gauge(
        "enphase_storage_charge_from_grid",
        "1: the batteries may be charged from the grid, as known to the gateway.",
        fields=("storage_settings.charge_from_grid",),
    )
    reserve: float | None = gauge(
        "enphase_storage_reserve_setting_ratio",
        "Charge to be kept for an outage, as known to the gateway; enphase_battery_reserve_ratio is what is in force.",
        fields=("storage_settings.reserved_soc",),
    )
    very_low: float | None = gauge(
        "enphase_storage_very_low_charge_ratio",
        "Charge that counts as very low, as known to the gateway.",
        fields=("storage_settings.very_low_soc",),
    )
    schedules_optimized: bool | None = gauge(
        "enphase_storage_schedules_optimized",
        "1: the cloud's schedules decide what the batteries do.",
        fields=("storage_settings.opt_schedules",),
    )
    last_change: float | None = gauge(
        "enphase_tariff_last_change_timestamp_seconds",
        "When the gateway last got other settings for the batteries.",
        fields=("storage_settings.date",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    direction: str = label()
    currency: str | None = label()
    season: str | None = label()
    day: str | None = label()
    period: str | None = label()
    tier: str | None = label()
    price: float | None = gauge(
        "enphase_tariff_price_per_kilowatt_hour",
        "Price of a kilowatt-hour bought (import) or sold (export), as known to the gateway; without a"
        " season, the single rate, of which 0 means none and has no sample. A period filler is the rest of the day,"
        " filler#2 that after the others.",
        fields=("single_rate.rate, single_rate.sell, rate of seasons and seasons_sell",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStart:
    direction: str = label()
    season: str | None = label()
    day: str | None = label()
    period: str | None = label()
    start: float | None = gauge(
        "enphase_tariff_period_start_seconds",
        "How long after local midnight a period of the tariff begins; it lasts until the next one.",
        fields=("periods[].start",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    direction: str = label()
    season: str = label()
    start: str | None = label()
    known: bool = info(
        "enphase_tariff_season_info",
        "A season of the tariff and its first day, as month/day; it lasts until the next one.",
        fields=("seasons[].start",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    direction: str = label()
    season: str = label()
    day: str = label()
    weekdays: str | None = label()
    known: bool = info(
        "enphase_tariff_day_info",
        "A kind of day of the tariff, and which days of the week it is.",
        fields=("days[].days",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TierLimit:
    direction: str = label()
    season: str = label()
    tier: str = label()
    limit: float | None = gauge(
        "enphase_tariff_tier_limit_joules",
        "Energy at which a tier of the tariff ends; absent: it has no end. The gateway counts it in kWh, as"
        " it prices them, and does not say over what time.",
        fields=("tiers[].limit",),
    )


def read(context: Context[None]) -> Result[None]:
    seen, now = context.documents, context.now
    rejections = Rejections()
    reject = rejections.of(documents.TARIFF)
    tariff = documents.entry(seen.content(documents.TARIFF), "tariff")
    readings: list[Reading] = []
    if storage := documents.entry(tariff.get("storage_settings")):
        readings.append(_storage(storage, sanity_checks.latest(seen, now), reject))
    prices = list(islice(_prices(tariff, reject), _MOST_PRICES + 1))
    if len(prices) > _MOST_PRICES:
        reject(json_fields.LIMIT, "tariff")
    readings += prices[:_MOST_PRICES]
    return Result(tuple(readings), tuple(rejections.met), None)


def _storage(fields: Fields, latest: float, reject: Reject) -> StorageSettings:
    """`economy` is the newer name of savings-mode: one mode, one series."""
    mode = json_fields.text(fields, "mode", reject)
    return StorageSettings(
        mode=_NAMES.get(mode, mode) if mode else None,
        charge_from_grid=flag(fields, "charge_from_grid", reject),
        reserve=percent(fields, "reserved_soc", reject),
        very_low=percent(fields, "very_low_soc", reject),
        schedules_optimized=flag(fields, "opt_schedules", reject),
        last_change=sanity_checks.moment(fields, "date", latest, reject),
    )


def _prices(tariff: Fields, reject: Reject) -> Iterator[Reading]:
    currency = json_fields.text(documents.entry(tariff.get("currency")), "code", reject) or None
    single = documents.entry(tariff.get("single_rate"))
    for direction, key, seasons in (("import", "rate", "seasons"), ("export", "sell", "seasons_sell")):
        price = _price(single, key, reject)
        if price:  # 0 where there is no single rate (7.3.517)
            yield Price(
                direction=direction, currency=currency, season=None, day=None, period=None, tier=None, price=price
            )
        for season, fields in _named(tariff.get(seasons), reject):
            yield from _season(season, fields, direction, currency, reject)


def _season(season: str, fields: Fields, direction: str, currency: str | None, reject: Reject) -> Iterator[Reading]:
    """By the time of the day (8.2.127_with_3cts_and_battery_split), or by how much is used (8.3.5433)."""
    yield Season(direction=direction, season=season, start=json_fields.text(fields, "start", reject))
    for day, of_day in _named(fields.get("days"), reject):
        weekdays = json_fields.text(of_day, "days", reject)
        yield Day(direction=direction, season=season, day=day, weekdays=weekdays)
        for period, each in _named(of_day.get("periods"), reject):
            yield Price(
                direction=direction,
                currency=currency,
                season=season,
                day=day,
                period=period,
                tier=None,
                price=_price(each, "rate", reject),
            )
            start = scaled(number(each, "start", reject, low=0, high=_MINUTES_A_DAY), 60)
            yield PeriodStart(direction=direction, season=season, day=day, period=period, start=start)
    for tier, each in _named(fields.get("tiers"), reject):
        yield Price(
            direction=direction,
            currency=currency,
            season=season,
            day=None,
            period=None,
            tier=tier,
            price=_price(each, "rate", reject),
        )
        limit = None if each.get("limit") == _ENDLESS else number(each, "limit", reject, low=0)
        yield TierLimit(direction=direction, season=season, tier=tier, limit=scaled(limit, _KILOWATT_HOUR))


def _named(content: object, reject: Reject) -> Iterator[tuple[str, Fields]]:
    """The objects of a list by their ids; the second of an id is ID#2: `filler` begins and ends a day (8.3.1598)."""
    seen: Counter[str] = Counter()
    for each in json_fields.items(content, reject):
        name = json_fields.text(each, "id", reject) or "unnamed"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}", each


def _price(fields: Fields, key: str, reject: Reject) -> float | None:
    """The shortest number that is the same in single precision, in which the gateway keeps it: 0.2, not 0.200000003."""
    price = number(fields, key, reject)
    if not price:
        return price
    kept = struct.pack("f", price)
    shorter = (float(f"{price:.{digits}g}") for digits in range(1, _DIGITS_OF_SINGLE_PRECISION))
    return next((each for each in shorter if struct.pack("f", each) == kept), price)


COLLECTOR = Collector(
    name="tariff",
    enabled_by_default=True,
    readings=(StorageSettings, Price, PeriodStart, Season, Day, TierLimit),
    rules=json_fields.GENERAL_RULES,
    memory=None,
    read=read,
)
