"""What the batteries are told to do and what a kilowatt-hour costs, as `/admin/lib/tariff` has it.

A gateway without a battery has the settings too. From firmware 8.2.4225 on a change made in the app may not show
here, for then the cloud owns them.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from envoy_exporter.documents import TARIFF
from envoy_exporter.families import Reading, gauge, info, label, states
from envoy_exporter.fields import GENERAL_RULES, LIMIT, MAX_DEVICES, FieldReader, scaled

from .collector import Collector, Context, Result
from .document_reader import DocumentReader

MODES = ("self-consumption", "backup", "savings-mode")
_NAMES = {"economy": "savings-mode"}
_MINUTES_A_DAY = 1440
_KILOWATT_HOUR = 3.6e6
_ENDLESS = -1
_MAX_PRICES = MAX_DEVICES
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
    reader = DocumentReader.at(context.documents, context.now)
    tariff = reader.entry(TARIFF, "tariff")
    readings: list[Reading] = []
    if storage := tariff.entry("storage_settings"):
        readings.append(_storage(storage))
    prices = list(islice(_prices(tariff), _MAX_PRICES + 1))
    if len(prices) > _MAX_PRICES:
        tariff.reject(LIMIT, "tariff")
    readings += prices[:_MAX_PRICES]
    return Result(tuple(readings), tuple(reader.rejections), None)


def _storage(fields: FieldReader) -> StorageSettings:
    """`economy` is the newer name of savings-mode: one mode, one series."""
    mode = fields.text("mode")
    return StorageSettings(
        mode=_NAMES.get(mode, mode) if mode else None,
        charge_from_grid=fields.flag("charge_from_grid"),
        reserve=fields.ratio("reserved_soc"),
        very_low=fields.ratio("very_low_soc"),
        schedules_optimized=fields.flag("opt_schedules"),
        last_change=fields.timestamp("date"),
    )


def _prices(tariff: FieldReader) -> Iterator[Reading]:
    currency = tariff.entry("currency").text("code") or None
    single = tariff.entry("single_rate")
    for direction, key, seasons in (("import", "rate", "seasons"), ("export", "sell", "seasons_sell")):
        price = _price(single, key)
        if price:  # 0 where there is no single rate (7.3.517)
            yield Price(
                direction=direction, currency=currency, season=None, day=None, period=None, tier=None, price=price
            )
        for season, fields in _named(tariff.objects(seasons)):
            yield from _season(season, fields, direction, currency)


def _season(season: str, fields: FieldReader, direction: str, currency: str | None) -> Iterator[Reading]:
    """By the time of the day (8.2.127_with_3cts_and_battery_split), or by how much is used (8.3.5433)."""
    yield Season(direction=direction, season=season, start=fields.text("start"))
    for day, of_day in _named(fields.objects("days")):
        yield Day(direction=direction, season=season, day=day, weekdays=of_day.text("days"))
        for period, of_period in _named(of_day.objects("periods")):
            yield Price(
                direction=direction,
                currency=currency,
                season=season,
                day=day,
                period=period,
                tier=None,
                price=_price(of_period, "rate"),
            )
            start = scaled(of_period.number("start", low=0, high=_MINUTES_A_DAY), 60)
            yield PeriodStart(direction=direction, season=season, day=day, period=period, start=start)
    for tier, of_tier in _named(fields.objects("tiers")):
        yield Price(
            direction=direction,
            currency=currency,
            season=season,
            day=None,
            period=None,
            tier=tier,
            price=_price(of_tier, "rate"),
        )
        limit = None if of_tier.fields.get("limit") == _ENDLESS else of_tier.number("limit", low=0)
        yield TierLimit(direction=direction, season=season, tier=tier, limit=scaled(limit, _KILOWATT_HOUR))


def _named(readers: Iterable[FieldReader]) -> Iterator[tuple[str, FieldReader]]:
    """The objects by their ids; the second of an id is ID#2: `filler` begins and ends a day (8.3.1598)."""
    counts: Counter[str] = Counter()
    for fields in readers:
        name = fields.text("id") or "unnamed"
        counts[name] += 1
        yield name if counts[name] == 1 else f"{name}#{counts[name]}", fields


def _price(fields: FieldReader, key: str) -> float | None:
    """The shortest number that is the same in single precision, in which the gateway keeps it: 0.2, not 0.200000003."""
    price = fields.number(key)
    if not price:
        return price
    kept = struct.pack("f", price)
    shorter = (float(f"{price:.{digits}g}") for digits in range(1, _DIGITS_OF_SINGLE_PRECISION))
    return next((candidate for candidate in shorter if struct.pack("f", candidate) == kept), price)


COLLECTOR = Collector(
    name="tariff",
    enabled_by_default=True,
    readings=(StorageSettings, Price, PeriodStart, Season, Day, TierLimit),
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
