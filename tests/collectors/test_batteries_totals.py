"""Totals of all batteries: exposed only while each kind of battery is known."""

from collections.abc import Mapping

import pytest
from support.documents import NOW, of, one
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.batteries import Battery, Storage, StoragePower
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    ENSEMBLE_SECCTRL,
    METER_READINGS,
    METERS,
    PRODUCTION_JSON,
    Json,
)

BOTH: Mapping[str, Json] = {
    ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": [{"serial_num": "1", "encharge_capacity": 3500}]}],
    ENSEMBLE_POWER: {"devices:": [{"serial_num": "1", "real_power_mw": 105_000, "soc": 54}]},
    ENSEMBLE_SECCTRL: {"agg_soc": 39, "Max_energy": 7220, "ENC_agg_soc": 54, "ENC_agg_avail_energy": 1890},
    PRODUCTION_JSON: {
        "storage": [{"type": "acb", "activeCount": 3, "readingTime": NOW, "wNow": 260, "whNow": 930, "percentFull": 25}]
    },
    METERS: [],
}

INACTIVE_AC: Json = {"storage": [{"type": "acb", "activeCount": 0, "wNow": 0, "whNow": 0, "percentFull": 25}]}


def without(endpoint: str) -> Mapping[str, Json]:
    return {name: content for name, content in BOTH.items() if name != endpoint}


@pytest.mark.parametrize(
    ("available", "kinds"),
    [
        (without(PRODUCTION_JSON), ["iq"]),
        ({**BOTH, PRODUCTION_JSON: INACTIVE_AC}, ["iq"]),
        (without(ENSEMBLE_INVENTORY), ["ac"]),
        ({**BOTH, ENSEMBLE_INVENTORY: []}, ["ac"]),
    ],
)
def test_storage_total_is_absent_while_one_kind_is_missing(available: Mapping[str, Json], kinds: list[str]) -> None:
    gateway = PollSequence(batteries.COLLECTOR)
    whole = gateway.poll(BOTH)
    assert (one(Storage, whole).charge, one(StoragePower, whole).power) == (0.39, 365)
    result = gateway.poll(available)
    assert (of(Storage, result), of(StoragePower, result)) == ([], [])
    assert [battery.kind for battery in of(Battery, result)] == kinds
    assert one(StoragePower, gateway.poll(BOTH)).power == 365


def test_storage_total_excludes_a_kind_missing_for_ten_minutes() -> None:
    gateway = PollSequence(batteries.COLLECTOR)
    gateway.poll(BOTH)
    results = [gateway.poll({**BOTH, ENSEMBLE_INVENTORY: []}) for _ in range(11)]
    assert [len(of(Storage, result)) for result in results] == [0] * 9 + [1] * 2
    assert one(Storage, results[-1]).charge == 0.25


def test_storage_total_at_the_start_waits_for_all_documents() -> None:
    assert of(Storage, PollSequence(batteries.COLLECTOR).poll(without(PRODUCTION_JSON))) == []
    assert of(StoragePower, PollSequence(batteries.COLLECTOR).poll(without(METERS))) == []


CT: Json = {"eid": 3, "measurementType": "storage", "state": "enabled", "phaseCount": 1}

OTHER: Json = {"eid": 1, "measurementType": "production", "state": "enabled", "phaseCount": 1}


def power(gateway: PollSequence, *listed: Json) -> list[tuple[str, float | None]]:
    """The power by source, with these meters in `/ivp/meters`."""
    result = gateway.poll({**BOTH, METERS: list(listed), METER_READINGS: [{"eid": 3, "activePower": 100.0}]})
    return [(storage.source, storage.power) for storage in of(StoragePower, result)]


@pytest.mark.parametrize("listed", [[], [OTHER]])
def test_storage_ct_missing_for_ten_minutes_is_replaced_by_units(listed: list[Json]) -> None:
    gateway = PollSequence(batteries.COLLECTOR)
    assert power(gateway, CT, OTHER) == [("ct", 100.0)]
    assert [power(gateway, *listed) for _ in range(12)] == [[]] * 10 + [[("units", 365.0)]] * 2


def test_storage_ct_that_is_new_replaces_the_units_at_once() -> None:
    gateway = PollSequence(batteries.COLLECTOR)
    assert power(gateway, OTHER) == [("units", 365.0)]
    assert power(gateway, CT, OTHER) == [("ct", 100.0)]


def test_storage_ct_missing_for_a_poll_is_not_replaced_by_units() -> None:
    gateway = PollSequence(batteries.COLLECTOR)
    assert power(gateway) == [("units", 365.0)]
    powers = [power(gateway, *listed) for listed in ([CT], [], [CT])]
    assert powers == [[("ct", 100.0)], [], [("ct", 100.0)]]


def test_storage_ct_whose_list_fails_is_not_replaced_by_units() -> None:
    ct: Mapping[str, Json] = {
        METERS: [{"eid": 3, "measurementType": "storage", "state": "enabled", "phaseCount": 1}],
        METER_READINGS: [{"eid": 3, "activePower": 100.0}],
    }
    gateway = PollSequence(batteries.COLLECTOR)
    assert one(StoragePower, gateway.poll({**BOTH, **ct})) == StoragePower(source="ct", power=100.0)
    assert of(StoragePower, gateway.poll({**without(METERS), METER_READINGS: ct[METER_READINGS]})) == []
