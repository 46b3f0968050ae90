"""`/admin/lib/tariff`: prices, the settings of the batteries, and the resulting schedule."""

import struct
from datetime import UTC, datetime

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.tariffs import Day, Season, Tariff

_SUNDAY_FIRST = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_CHANGED_DAYS_AGO = 40
_VERY_LOW = 10


def tariff(moment: Moment) -> Entry:
    """The whole document; on firmware older than 7 without settings of batteries (4.10.35, 5.0.62)."""
    settings, firmware = moment.profile.tariff, moment.profile.firmware
    changed = int(moment.midnight(moment.system.start, _CHANGED_DAYS_AGO))
    prices: Entry = {"currency": {"code": settings.currency}}
    if settings.mode is not None:
        prices |= {"logger": "mylogger", "date": str(changed), "storage_settings": _storage(moment, settings, changed)}
    sells = firmware >= (5,)
    prices["single_rate"] = {
        "rate": _price(moment, settings.rate),
        **({"sell": _price(moment, settings.sell)} if sells else {}),
    }
    prices["seasons"] = [_season(moment, season) for season in settings.seasons]
    if sells:
        prices["seasons_sell"] = []
    return {"tariff": prices, "schedule": _schedule(moment, settings, changed)}


def _price(moment: Moment, price: float) -> float:
    """The price; from firmware 8 on rounded to single precision and printed in double: 0.20000000298023224."""
    if moment.profile.firmware < (8,):
        return price
    (rounded,) = struct.unpack("f", struct.pack("f", price))
    return float(rounded)


def _storage(moment: Moment, settings: Tariff, changed: int) -> Entry:
    return {
        "mode": settings.mode,
        "operation_mode_sub_type": "",
        "reserved_soc": _reserve(moment),
        "very_low_soc": _VERY_LOW,
        "charge_from_grid": settings.charge_from_grid,
        "date": str(changed),
        **_schedules(moment),
    }


def _schedules(moment: Moment) -> Entry:
    return {"opt_schedules": False} if moment.profile.firmware >= (8, 2, 4200) else {}


def _reserve(moment: Moment) -> float:
    batteries = moment.system.design.batteries
    return float(batteries[0].reserve if batteries else 0)


def _season(moment: Moment, season: Season) -> Entry:
    return {
        "id": season.name,
        "start": season.start,
        "days": [_day(moment, day) for day in season.days],
        "tiers": [{"id": tier.name, "limit": tier.limit, "rate": _price(moment, tier.rate)} for tier in season.tiers],
    }


def _day(moment: Moment, day: Day) -> Entry:
    periods: list[Json] = [
        {"id": period.name, "start": period.start, "rate": _price(moment, period.rate)} for period in day.periods
    ]
    return {
        "id": day.name,
        "days": ",".join(day.days),
        "must_charge_start": 0,
        "must_charge_duration": 0,
        "must_charge_mode": "CG",
        **({"peak_rule": "DL"} if moment.profile.firmware >= (8,) else {}),
        "enable_discharge_to_grid": False,
        "periods": periods,
    }


def _schedule(moment: Moment, settings: Tariff, changed: int) -> Entry:
    """The schedule that results from the settings; from 8.2 on with the name of its file."""
    firmware = moment.profile.firmware
    file: Entry = {"filename": "Tariff"} if firmware >= (8, 2) else {}
    date = datetime.fromtimestamp(changed, UTC)
    version = "00.00.01" if firmware < (5,) else "00.00.02"
    header: Entry = {**file, "source": "Tariff", "date": f"{date:%Y-%m-%d %H:%M:%S} UTC", "version": version}
    if settings.mode is None:
        return header
    return {
        **header,
        "reserved_soc": _reserve(moment),
        "very_low_soc": _VERY_LOW,
        "charge_from_grid": settings.charge_from_grid,
        **({"batt_mode": settings.mode} if firmware >= (8, 2) else {}),
        "battery_mode": settings.mode,
        "operation_mode_sub_type": "",
        **_schedules(moment),
        "override": False,
        "override_backup_soc": 30.0,
        "override_chg_dischg_rate": 0.0,
        "override_tou_mode": "StorageTouMode_DEFAULT_TOU_MODE",
        "schedule": {
            "Disable": [{day: _all_day("ID")} for day in _SUNDAY_FIRST],
            "tariff": [{"start": "1/1", "end": "1/1", **{day: _all_day("ZN") for day in _SUNDAY_FIRST}}],
        },
    }


def _all_day(setting: str) -> Json:
    return [{"start": 0, "duration": 1440, "setting": setting}]


DOCUMENTS: Documents = {
    "/admin/lib/tariff": tariff,
}
