"""What is asked of a house with one thing and without another."""

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


def wanted(inventory: Json, **more: Json) -> set[str]:
    """Of the endpoints of what is switched."""
    paths = {"settings": DRY_CONTACT_SETTINGS, "config": GENERATOR_CONFIG}
    told = {ENSEMBLE_INVENTORY: inventory, **{paths[name]: content for name, content in more.items()}}
    return {each.name for each in ENDPOINTS if each.name in SWITCHED and each.is_required(documents(told))}


def listed(**devices: list[Json]) -> Json:
    return [{"type": kind, "devices": each} for kind, each in devices.items()]


@pytest.mark.parametrize("inventory", [None, [], [{"type": "ENCHARGE", "devices": []}]])
def test_of_a_house_without_storage_nothing_is_asked(inventory: Json) -> None:
    assert wanted(inventory) == set()


def test_of_a_battery_or_a_collar_without_a_system_controller_no_errors_are_asked() -> None:
    assert wanted(listed(ENCHARGE=[DEVICE])) == {ENSEMBLE_STATUS, DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}
    assert wanted(listed(COLLAR=[DEVICE])) == {DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}


def test_a_system_controller_without_a_battery_tells_its_relays_in_the_status() -> None:
    """8.2.4345_with_device_data."""
    asked = wanted(listed(ENCHARGE=[], ENPOWER=[DEVICE]))
    assert asked == {ENSEMBLE_STATUS, ENSEMBLE_ERRORS, DRY_CONTACT_SETTINGS, GENERATOR_CONFIG}


@pytest.mark.parametrize(("kind", "asked"), [("NONE", False), ("LOAD", True), ("3RD-PV", True), (None, False)])
def test_contacts_are_asked_for_where_one_is_in_use(kind: Json, asked: object) -> None:
    settings: Json = {"dry_contacts": [{"id": "NC1", "type": "NONE"}, {"id": "NO1", "type": kind}]}
    assert (DRY_CONTACTS in wanted(listed(ENPOWER=[DEVICE]), settings=settings)) is asked


@pytest.mark.parametrize(
    ("config", "asked"), [({}, False), ({"err": "404 - Not Found"}, False), ({"model": "a generator"}, True)]
)
def test_a_generator_is_asked_where_one_is_set_up(config: Json, asked: object) -> None:
    found = wanted(listed(ENPOWER=[DEVICE]), config=config)
    assert (found >= {GENERATOR, GENERATOR_MODE, GENERATOR_SCHEDULE}) is asked
    assert bool(found & {GENERATOR, GENERATOR_MODE, GENERATOR_SCHEDULE}) is asked
