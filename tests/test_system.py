"""What is installed, according to the documents."""

from collections.abc import Callable, Mapping

import pytest
from support.documents import documents, information

from envoy_exporter import system
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    METERS,
    PRODUCTION_JSON,
    Documents,
    Json,
)

Predicate = Callable[[Documents], object]
At = Mapping[str, Json]


def device_data(**device: Json) -> Json:
    return {"deviceCount": 1, "deviceDataLimit": 50, "1": {"devName": "pcu", "sn": "122000000001", **device}}


def listed(kind: str, **device: Json) -> Json:
    return [{"type": kind, "devices": [{"serial_num": "122000000001", **device}]}]


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ({}, False),
        ({INVERTERS_V1: [{"serialNumber": "1", "devType": 1}]}, True),
        ({INVERTERS_V1: [{"serialNumber": "1"}]}, True),
        ({INVERTERS_V1: [{"serialNumber": "1", "devType": 11}]}, False),
        ({DEVICE_DATA: device_data(active=True)}, True),
        ({DEVICE_DATA: device_data()}, True),
        ({DEVICE_DATA: device_data(active=False)}, False),
        ({DEVICE_DATA: device_data(active=True, devName="acb")}, False),
        ({INVENTORY: listed("PCU", admin_state=1)}, True),
        ({INVENTORY: listed("PCU", admin_state=3)}, False),
        ({INVENTORY: listed("ACB", admin_state=1)}, False),
        ({PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 4}]}}, True),
        ({PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 0}]}}, False),
    ],
)
def test_inverter_is_installed_if_a_document_lists_one(available: At, *, expected: bool) -> None:
    assert system.has_inverter(documents(available)) is expected


ACB: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 50}]}


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ({}, (False, False)),
        ({PRODUCTION_JSON: ACB}, (True, True)),
        ({INVERTERS_V1: [{"serialNumber": "1", "devType": 11}]}, (True, False)),
        ({INVERTERS_V1: [{"serialNumber": "1", "devType": 1}]}, (False, False)),
        ({INVENTORY: listed("ACB", admin_state=1, percentFull=50)}, (True, False)),
        ({INVENTORY: listed("PCU", admin_state=1, percentFull=50)}, (False, False)),
        ({ENSEMBLE_INVENTORY: listed("ENCHARGE")}, (False, True)),
        ({ENSEMBLE_INVENTORY: listed("ENPOWER")}, (False, False)),
    ],
)
def test_battery_is_installed_if_a_document_lists_one(available: At, expected: tuple[bool, bool]) -> None:
    """`has_battery` is about documents that name charge and energy, so a list of inverters does not count."""
    found = documents(available)
    assert (system.has_ac_battery(found), system.has_battery(found)) == expected


@pytest.mark.parametrize(
    ("imeter", "expected"), [("true", True), ("false", False), ("", None), ("yes", None), ("XXXX", None)]
)
def test_gateway_is_metered_as_imeter_reports(imeter: str, *, expected: bool | None) -> None:
    assert system.metered(documents({INFO: information(imeter=imeter)})) is expected


@pytest.mark.parametrize(
    ("firmware", "threshold", "expected"),
    [
        ("D7.0.0", (7,), False),
        ("R6.9.9", (7,), True),
        ("D8.3.5433", (8, 3, 5433), False),
        ("D8.3.5432", (8, 3, 5433), True),
        ("R3.9", (3, 9), False),
        ("", (7,), False),
        ("unknown", (7,), False),
    ],
)
def test_firmware_below_a_threshold_compares_numbers(
    firmware: str, threshold: tuple[int, ...], *, expected: bool
) -> None:
    assert system.firmware_below(documents({INFO: information(firmware)}), *threshold) is expected


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["inverters"], True),
        (["inverters", "eim"], False),
        (["eim"], False),
        ([[]], False),
        ([None], False),
        ([], False),
    ],
)
def test_site_without_a_production_meter_lists_only_inverters(types: list[Json], *, expected: bool) -> None:
    content: Json = {"production": [{"type": type_} for type_ in types]}
    assert system.has_no_production_meter(content) is expected


@pytest.mark.parametrize(
    ("firmware", "absent", "failing", "once_available", "expected"),
    [
        ("D8.3.5433", True, False, False, True),
        ("D8.3.5433", False, True, False, False),
        ("D6.0.1", False, True, False, True),
        ("D6.0.1", False, False, False, False),
        ("D8.3.5433", True, False, True, False),
    ],
)
def test_battery_power_absent_or_failing_was_never_available(
    firmware: str, *, absent: bool, failing: bool, once_available: bool, expected: bool
) -> None:
    power = frozenset({ENSEMBLE_POWER})
    nothing: frozenset[str] = frozenset()
    available = documents({INFO: information(firmware)}).available
    found = Documents(
        available, power if absent else nothing, power if failing else nothing, {}, power if once_available else nothing
    )
    assert system.battery_power_was_never_available(found) is expected


@pytest.mark.parametrize(("state", "expected"), [("enabled", True), ("disabled", False)])
def test_enabled_meter_is_the_one_of_its_type(state: str, *, expected: bool) -> None:
    meters: Json = [{"eid": 1, "measurementType": "storage", "state": state}]
    found = documents({METERS: meters})
    assert (system.enabled_meter(found, "storage") is not None) is expected
    assert system.enabled_meter(found, "production") is None
