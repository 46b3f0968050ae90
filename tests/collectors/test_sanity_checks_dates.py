"""Dates ahead of the gateway's clock and before 2000 are rejected."""

import pytest
from support.document_contents import ct, device, eim, site
from support.documents import NOW, information, one, read
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, inverters, meters, network, production, tariff
from envoy_exporter.collectors.battery_units import BatteryUnit
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.meters import MeterReading
from envoy_exporter.collectors.network import Cloud
from envoy_exporter.collectors.production import Production
from envoy_exporter.collectors.tariff import StorageSettings
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    HOME,
    TARIFF,
    Json,
)

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "exposed", "rejected"),
    [
        (int(NOW), True, False),
        (int(NOW) + DAY - 3600, True, False),
        (int(NOW) + 2 * DAY, False, True),
        (0, False, False),
        (-5, False, True),
        (86_400, False, True),
    ],
)
def test_date_more_than_a_day_ahead_or_before_2000_is_rejected(seconds: int, *, exposed: bool, rejected: bool) -> None:
    result = PollSequence(production.COLLECTOR).poll(site(eim(readingTime=seconds)))
    assert one(Production, result).last_reading == (seconds if exposed else None)
    assert rejected_rules(result) == ([("clock", "readingTime")] if rejected else [])
    unit: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123", "last_rpt_date": seconds}]}]
    of_battery = PollSequence(batteries.COLLECTOR).poll({ENSEMBLE_INVENTORY: unit})
    assert one(BatteryUnit, of_battery).last_report == (seconds if exposed else None)
    assert rejected_rules(of_battery) == ([("clock", "last_rpt_date")] if rejected else [])
    of_meter = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": seconds}]))
    assert one(MeterReading, of_meter).last_reading == (seconds if exposed else None)
    assert rejected_rules(of_meter) == ([("clock", "timestamp")] if rejected else [])


def test_date_of_an_inverter_report_far_ahead_is_rejected() -> None:
    result = PollSequence(inverters.COLLECTOR).poll(device(9e9, endDate=int(NOW) + 30 * DAY))
    assert (one(Inverter, result).reporting, one(Inverter, result).power) == (True, 100.0)
    assert (one(Inverter, result).last_report, rejected_rules(result)) == (None, [("clock", "endDate")])


@pytest.mark.parametrize("time", ["12", "0", "text"])
def test_date_without_a_usable_gateway_clock_is_accepted(time: str) -> None:
    ahead = int(NOW) + 30 * DAY
    result = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": ahead}]), info=information(time=time))
    assert (one(MeterReading, result).last_reading, rejected_rules(result)) == (ahead, [])


def test_date_of_a_gateway_with_a_clock_a_year_behind_is_accepted() -> None:
    """8.2.127_with_3cts_and_battery_split was recorded with such an `/info`."""
    behind = information(time=str(int(NOW) - 365 * DAY))
    result = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": int(NOW)}]), info=behind)
    assert (one(MeterReading, result).last_reading, rejected_rules(result)) == (NOW, [])


AHEAD = int(NOW) + 10 * 86400


def test_date_ahead_is_rejected_in_tariff_and_network_too() -> None:
    settings = read(tariff.COLLECTOR, {TARIFF: {"tariff": {"storage_settings": {"date": str(AHEAD)}}}})
    enlighten = read(network.COLLECTOR, {HOME: {"network": {"last_enlighten_report_time": AHEAD}}})
    assert (one(StorageSettings, settings).last_change, one(Cloud, enlighten).last_report) == (None, None)
    assert {rejection.rule for rejection in (*settings.rejections, *enlighten.rejections)} == {"clock"}
