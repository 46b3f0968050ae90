"""/admin/lib/tariff: storage settings, seasons and prices, from firmware 4 on."""

from collections.abc import Iterator

from captures.expected.check import Item, Json, check, info, part, positive, ratio, seconds, states, where
from captures.recording import Recording, objects

KILOWATT_HOUR = 3_600_000
"""Joules."""
PRICE = "enphase_tariff_price_per_kilowatt_hour"


def storage(recording: Recording) -> Iterator[Item]:
    if "storage_settings" in _tariff(recording):
        yield {}, _tariff(recording)["storage_settings"]


def single_rates(recording: Recording) -> Iterator[Item]:
    """Prices that always hold; 0 is not a price."""
    for direction, field in (("import", "rate"), ("export", "sell")):
        price = _tariff(recording).get("single_rate", {}).get(field)
        if price:
            yield _price_labels(recording, direction=direction), price


def seasons(recording: Recording) -> Iterator[Item]:
    yield from _seasons(recording, "import")
    yield from _seasons(recording, "export")


def days(recording: Recording) -> Iterator[Item]:
    for labels, season in _seasons(recording, "import"):
        yield from (({**labels, "day": str(day["id"])}, day) for day in objects(season.get("days")))


def periods(recording: Recording) -> Iterator[Item]:
    """The second period with the same id on a day has `#2` after it."""
    for labels, day in days(recording):
        ids = [period["id"] for period in objects(day.get("periods"))]
        for position, period in enumerate(objects(day.get("periods"))):
            nth = ids[: position + 1].count(period["id"])
            yield {**labels, "period": period["id"] if nth == 1 else f"{period['id']}#{nth}"}, period


def period_prices(recording: Recording) -> Iterator[Item]:
    return ((_price_labels(recording, **labels), period) for labels, period in periods(recording))


def tiers(recording: Recording) -> Iterator[Item]:
    for labels, season in _seasons(recording, "import"):
        yield from (({**labels, "tier": str(tier["id"])}, tier) for tier in objects(season.get("tiers")))


def tier_prices(recording: Recording) -> Iterator[Item]:
    return ((_price_labels(recording, **labels), tier) for labels, tier in tiers(recording))


def _tariff(recording: Recording) -> Json:
    return recording.object("admin_lib_tariff").get("tariff", {}) if recording.firmware >= 4 else {}


def _seasons(recording: Recording, direction: str) -> Iterator[Item]:
    field = {"import": "seasons", "export": "seasons_sell"}[direction]
    for season in objects(_tariff(recording).get(field)):
        yield {"direction": direction, "season": str(season["id"])}, season


def _price_labels(recording: Recording, **labels: str) -> dict[str, str]:
    """A label that does not apply to a price is empty."""
    currency = _tariff(recording)["currency"]["code"]
    return {"currency": currency, "season": "", "day": "", "period": "", "tier": "", **labels}


def _price(price: float) -> float:
    """Prices have at most six decimals; what follows is the noise of single precision."""
    return round(price, 6)


def _limit(kilowatt_hours: float) -> float | None:
    """The last tier has a limit below 0, which means none."""
    return kilowatt_hours * KILOWATT_HOUR if kilowatt_hours >= 0 else None


def _mode(settings: Json) -> str:
    mode: str = settings["mode"]
    return "savings-mode" if mode == "economy" else mode


PARTS = (
    part(
        storage,
        check("enphase_storage_charge_from_grid", "charge_from_grid"),
        check("enphase_storage_reserve_setting_ratio", "reserved_soc", ratio),
        check("enphase_storage_very_low_charge_ratio", "very_low_soc", ratio),
        check("enphase_storage_schedules_optimized", "opt_schedules"),
        check("enphase_tariff_last_change_timestamp_seconds", "date", lambda date: positive(int(date))),
    ),
    part(
        where(storage, lambda settings: settings.get("mode")),
        *states("enphase_storage_mode", "mode", _mode, "self-consumption", "backup", "savings-mode"),
    ),
    part(single_rates, check(PRICE, _price)),
    part(period_prices, check(PRICE, "rate", _price)),
    part(tier_prices, check(PRICE, "rate", _price)),
    part(seasons, info("enphase_tariff_season_info", start="start")),
    part(days, info("enphase_tariff_day_info", weekdays="days")),
    part(periods, check("enphase_tariff_period_start_seconds", "start", seconds)),
    part(tiers, check("enphase_tariff_tier_limit_joules", "limit", _limit)),
)
