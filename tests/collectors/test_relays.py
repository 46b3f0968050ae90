"""Relays: those in use, what they are set to do, and how they stand."""

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import relays
from envoy_exporter.collectors.relays import Relay, RelayInfo
from envoy_exporter.documents import DRY_CONTACT_SETTINGS, DRY_CONTACTS, Json


def setting(relay: str = "NC1", **more: Json) -> Json:
    return {
        "id": relay,
        "type": "LOAD",
        "grid_action": "apply",
        "micro_grid_action": "shed",
        "gen_action": "none",
        "priority": 1.0,
        "override": "true",
        "load_name": "Furnace",
        "mode": "soc",
        "soc_low": 25.0,
        "soc_high": 70.0,
        "pv_serial_nb": [],
        **more,
    }


def told(*settings: Json, **status: str) -> dict[str, Json]:
    contacts: list[Json] = [{"id": relay, "status": state} for relay, state in status.items()]
    return {DRY_CONTACT_SETTINGS: {"dry_contacts": list(settings)}, DRY_CONTACTS: {"dry_contacts": contacts}}


def test_contacts_that_switch_nothing_are_no_relays() -> None:
    """Every gateway from 7 on lists four, and some of those that nobody uses as closed (7.6.175)."""
    assert (
        read(relays.COLLECTOR, told(setting(type="NONE"), setting("NC2", type=None), NC1="closed", NC2="open")).readings
        == ()
    )


def test_contacts_without_settings_are_none_either() -> None:
    assert read(relays.COLLECTOR, {DRY_CONTACTS: told(NC1="closed")[DRY_CONTACTS]}).readings == ()


def test_a_relay_is_set_in_one_document_and_switched_in_another() -> None:
    found = read(relays.COLLECTOR, told(setting("NO1"), setting("NC1"), NC1="closed", NO1="open", NO2="closed"))
    assert {each.relay: each.closed for each in of(Relay, found)} == {"NO1": False, "NC1": True}


def test_what_a_relay_is_set_to_do() -> None:
    found = read(relays.COLLECTOR, told(setting(), NC1="closed"))
    assert one(RelayInfo, found) == RelayInfo(
        relay="NC1",
        load="Furnace",
        type="LOAD",
        mode="soc",
        grid_action="apply",
        micro_grid_action="shed",
        generator_action="none",
    )
    assert one(Relay, found) == Relay(relay="NC1", closed=True, cutoff=0.25, restore=0.7)


def test_charges_are_shown_as_they_are_set_though_another_mode_does_not_heed_them() -> None:
    found = one(Relay, read(relays.COLLECTOR, told(setting(mode="manual"), NC1="open")))
    assert (found.closed, found.cutoff, found.restore) == (False, 0.25, 0.7)


@pytest.mark.parametrize("kind", ["PV", "3RD-PV", "load"])
def test_whatever_it_switches_a_relay_is_in_use(kind: str) -> None:
    assert one(RelayInfo, read(relays.COLLECTOR, told(setting(type=kind)))).type == kind


def test_the_owner_s_name_for_a_load_is_cleaned() -> None:
    found = one(RelayInfo, read(relays.COLLECTOR, told(setting(load_name="Well\n" + "x" * 100))))
    assert found.load == "Well" + "x" * 60


def test_a_relay_whose_contact_is_not_read_stands_nowhere() -> None:
    without: dict[str, Json] = {DRY_CONTACT_SETTINGS: told(setting())[DRY_CONTACT_SETTINGS]}
    assert one(Relay, read(relays.COLLECTOR, without)) == Relay(relay="NC1", closed=None, cutoff=0.25, restore=0.7)


def test_a_charge_beyond_full_is_rejected() -> None:
    found = read(relays.COLLECTOR, told(setting(soc_low=300.0)))
    assert one(Relay, found).cutoff is None
    assert (DRY_CONTACT_SETTINGS, "range", "soc_low") in found.rejections
