"""Entries of documents: which are usable, and which prove that hardware is installed."""

import pytest
from support.documents import documents
from support.production import eim, site

from envoy_exporter import entries
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    INVENTORY,
    PRODUCTION,
    PRODUCTION_JSON,
    Json,
)
from envoy_exporter.entries import ac_batteries, is_active, lists_storage
from envoy_exporter.system import has_ac_battery, has_ensemble_device


def test_site_with_phases_in_production_has_phases() -> None:
    """Firmware between 5 and 7 returned lines in /production alone."""
    available = documents(
        {PRODUCTION: site(eim(lines=[{"wNow": 2300.0, "whLifetime": 1000.0}])), PRODUCTION_JSON: site(eim())}
    )
    assert entries.has_phases(entries.site(available))


INVALID_COUNTS = [True, "1", None, [1], 1e308, 10**400, 0, -1]


@pytest.mark.parametrize("count", INVALID_COUNTS)
def test_is_active_with_an_invalid_count_is_false(count: Json) -> None:
    assert not is_active({"activeCount": count})


@pytest.mark.parametrize("full", [None, "50", True, [], 10**400])
def test_ac_batteries_with_an_invalid_charge_are_absent(full: Json) -> None:
    entry: Json = {"storage": [{"type": "acb", "activeCount": 1, "percentFull": full}]}
    assert ac_batteries(entry) is None
    listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 6, "percentFull": full}]}]
    assert not has_ac_battery(documents({INVENTORY: listed, DEVICE_DATA: {}}))


@pytest.mark.parametrize("devices", [{"a": 1}, "text", 7, True, [], None])
def test_ensemble_device_list_that_is_invalid_is_not_hardware(devices: Json) -> None:
    assert not has_ensemble_device(documents({ENSEMBLE_INVENTORY: [{"type": "ENPOWER", "devices": devices}]}))


@pytest.mark.parametrize(("storage", "known"), [([], True), ([None], False), ("none", False), (None, False)])
def test_storage_list_that_is_invalid_is_not_a_storage_list(
    storage: Json,
    known: bool,
) -> None:
    assert lists_storage({"production": [], "storage": storage}) is known
