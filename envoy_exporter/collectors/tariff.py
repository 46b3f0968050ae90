"""The settings of the batteries and the electricity tariff, in `/admin/lib/tariff`.

A gateway without a battery has the settings too. From firmware 8.2.4225 on, a change in the app may not appear here,
because Enlighten keeps the settings.
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
"""Including starts of periods: lists in lists in lists of a thousand each would be a thousand million."""
_DIGITS_OF_SINGLE_PRECISION = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    mode: str | None = states(
        "enphase_storage_mode",
        "mode",
        MODES,
        "Operating mode set for the batteries, as reported by the gateway: 1 for the current mode, 0 for the others;"
        " newer firmware calls savings-mode economy.",
        fields=("storage_settings.mode",),
    )
    charge_from_grid: bool | None = gauge(
        "enphase_storage_charge_from_grid",
        "Whether the batteries are allowed to charge from the grid (1) or not (0), as reported by the gateway.",
        fields=("storage_settings.charge_from_grid",),
    )
    reserve: float | None = gauge(
        "enphase_storage_reserve_setting_ratio",
        "Battery reserve set for an outage, as reported by the gateway; enphase_battery_reserve_ratio is the one in"
        " force.",
        fields=("storage_settings.reserved_soc",),
    )
    very_low: float | None = gauge(
        "enphase_storage_very_low_charge_ratio",
        "State of charge that counts as very low, as reported by the gateway.",
        fields=("storage_settings.very_low_soc",),
    )
    schedules_optimized: bool | None = gauge(
        "enphase_storage_schedules_optimized",
        "Whether schedules from Enlighten control the batteries (1) or not (0).",
        fields=("storage_settings.opt_schedules",),
    )
    last_change: float | None = gauge(
        "enphase_tariff_last_change_timestamp_seconds",
        "Time at which the battery settings of the gateway last changed.",
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
        "Price of a kilowatt-hour bought (import) or sold (export), as reported by the gateway. Without a"
        " season it is the single rate, which is absent if the gateway reports 0. The period filler is the rest of the"
        " day, and filler#2 the rest of the day after the other periods.",
        fields=("single_rate.rate", "single_rate.sell", "seasons[].rate", "seasons_sell[].rate"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodStart:
    direction: str = label()
    season: str | None = label()
    day: str | None = label()
    period: str | None = label()
    start: float | None = gauge(
        "enphase_tariff_period_start_seconds",
        "Start of the tariff period, in seconds after local midnight; the period ends when the next one starts.",
        fields=("periods[].start",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    direction: str = label()
    season: str = label()
    start: str | None = label()
    known: bool = info(
        "enphase_tariff_season_info",
        "Tariff season and its first day, as month/day; the season ends when the next one starts.",
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
        "Type of day of the tariff, and the days of the week to which it applies.",
        fields=("days[].days",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TierLimit:
    direction: str = label()
    season: str = label()
    tier: str = label()
    limit: float | None = gauge(
        "enphase_tariff_tier_limit_joules",
        "Energy at which the tariff tier ends; absent for a tier without a limit. The gateway reports the limit in"
        " kWh, like the prices, but not the period to which it applies.",
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
    """Prices by the time of the day (8.2.127_with_3cts_and_battery_split), or by the energy used (8.3.5433)."""
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
    """The objects by their ids; the second with an id is ID#2: `filler` begins and ends a day (8.3.1598)."""
    counts: Counter[str] = Counter()
    for fields in readers:
        name = fields.text("id") or "unnamed"
        counts[name] += 1
        yield name if counts[name] == 1 else f"{name}#{counts[name]}", fields


def _price(fields: FieldReader, key: str) -> float | None:
    """The price, shortened to the single precision in which the gateway keeps it: 0.2 instead of 0.200000003."""
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
