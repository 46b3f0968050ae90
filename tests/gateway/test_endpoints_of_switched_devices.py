"""Which endpoints are required for a battery, a system controller, relays and a generator."""

import pytest
from support.documents import documents

from envoy_exporter.documents import (
    DRY_CONTACT_SETTINGS,
    DRY_CONTACTS,
    ENSEMBLE_ERRORS,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_STATUS,
    GENERATOR,
    GENERATOR_CONFIG,
    GENERATOR_MODE,
    GENERATOR_SCHEDULE,
    Json,
)
from envoy_exporter.gateway.endpoints import ENDPOINTS

SWITCHED = {
    *(ENSEMBLE_STATUS, ENSEMBLE_ERRORS, DRY_CONTACTS, DRY_CONTACT_SETTINGS),
    *(GENERATOR, GENERATOR_CONFIG, GENERATOR_MODE, GENERATOR_SCHEDULE),
}
DEVICE: Json = {"serial_num": "1"}


def required(inventory: Json, **more: Json) -> set[str]:
    """The required ones of the endpoints above."""
    paths = {"settings": DRY_CONTACT_SETTINGS, "config": GENERATOR_CONFIG}
    contents = {ENSEMBLE_INVENTORY: inventory, **{paths[name]: content for name, content in more.items()}}
    return {
        endpoint.name
        for endpoint in ENDPOINTS
        if endpoint.name in SWITCHED and endpoint.is_required(documents(contents))
    }


def listed(**devices: list[Json]) -> Json:
    return [{"type": kind, "devices": of_kind} for kind, of_kind in devices.items()]


@pytest.mark.parametrize("inventory", [None, [], [{"type": "ENCHARGE", "devices": []}]])
def test_system_without_storage_requires_none(inventory: Json) -> None:
    assert required(inventory) == set()


def test_battery_without_a_system_controller_does_not_require_errors() -> None:
    assert required(listed(ENCHARGE=[DEVICE])) == {ENSEMBLE_STATUS, DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}
    assert required(listed(COLLAR=[DEVICE])) == {DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}


def test_system_controller_without_a_battery_requires_the_status() -> None:
    """As in 8.2.4345_with_device_data."""
    endpoints = required(listed(ENCHARGE=[], ENPOWER=[DEVICE]))
    assert endpoints == {ENSEMBLE_STATUS, ENSEMBLE_ERRORS, DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}


@pytest.mark.parametrize(("kind", "expected"), [("NONE", False), ("LOAD", True), ("3RD-PV", True), (None, False)])
def test_dry_contacts_are_required_if_one_is_in_use(kind: Json, expected: object) -> None:
    settings: Json = {"dry_contacts": [{"id": "NC1", "type": "NONE"}, {"id": "NO1", "type": kind}]}
    assert (DRY_CONTACTS in required(listed(ENPOWER=[DEVICE]), settings=settings)) is expected


@pytest.mark.parametrize(
    ("config", "expected"), [({}, False), ({"err": "404 - Not Found"}, False), ({"model": "a generator"}, True)]
)
def test_generator_is_required_if_one_is_configured(config: Json, expected: object) -> None:
    endpoints = required(listed(ENPOWER=[DEVICE]), config=config)
    assert (endpoints >= {GENERATOR, GENERATOR_MODE, GENERATOR_SCHEDULE}) is expected
    assert bool(endpoints & {GENERATOR, GENERATOR_MODE, GENERATOR_SCHEDULE}) is expected
