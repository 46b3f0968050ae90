"""Relays: only those that are used, with their settings and states."""

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


def with_contacts(*settings: Json, **status: str) -> dict[str, Json]:
    contacts: list[Json] = [{"id": relay, "status": state} for relay, state in status.items()]
    return {DRY_CONTACT_SETTINGS: {"dry_contacts": list(settings)}, DRY_CONTACTS: {"dry_contacts": contacts}}


def test_relay_of_type_none_is_not_exposed() -> None:
    """Gateways from firmware 7 list four contacts, and report some unused ones as closed (7.6.175)."""
    assert (
        read(
            relays.COLLECTOR, with_contacts(setting(type="NONE"), setting("NC2", type=None), NC1="closed", NC2="open")
        ).readings
        == ()
    )


def test_relay_without_settings_is_not_exposed() -> None:
    assert read(relays.COLLECTOR, {DRY_CONTACTS: with_contacts(NC1="closed")[DRY_CONTACTS]}).readings == ()


def test_relay_settings_and_state_are_joined_by_id() -> None:
    result = read(
        relays.COLLECTOR, with_contacts(setting("NO1"), setting("NC1"), NC1="closed", NO1="open", NO2="closed")
    )
    assert {relay.relay: relay.closed for relay in of(Relay, result)} == {"NO1": False, "NC1": True}


def test_relay_info_and_charges_are_those_of_its_settings() -> None:
    result = read(relays.COLLECTOR, with_contacts(setting(), NC1="closed"))
    assert one(RelayInfo, result) == RelayInfo(
        relay="NC1",
        load="Furnace",
        type="LOAD",
        mode="soc",
        grid_action="apply",
        micro_grid_action="shed",
        generator_action="none",
    )
    assert one(Relay, result) == Relay(relay="NC1", closed=True, cutoff=0.25, restore=0.7)


def test_relay_charges_are_exposed_in_any_mode() -> None:
    """The gateway ignores them in manual mode."""
    relay = one(Relay, read(relays.COLLECTOR, with_contacts(setting(mode="manual"), NC1="open")))
    assert (relay.closed, relay.cutoff, relay.restore) == (False, 0.25, 0.7)


@pytest.mark.parametrize("kind", ["PV", "3RD-PV", "load"])
def test_relay_of_any_other_type_is_exposed(kind: str) -> None:
    assert one(RelayInfo, read(relays.COLLECTOR, with_contacts(setting(type=kind)))).type == kind


def test_relay_load_name_is_cleaned_and_shortened() -> None:
    relay = one(RelayInfo, read(relays.COLLECTOR, with_contacts(setting(load_name="Well\n" + "x" * 100))))
    assert relay.load == "Well" + "x" * 60


def test_relay_without_a_contact_has_no_state() -> None:
    without_contacts: dict[str, Json] = {DRY_CONTACT_SETTINGS: with_contacts(setting())[DRY_CONTACT_SETTINGS]}
    assert one(Relay, read(relays.COLLECTOR, without_contacts)) == Relay(
        relay="NC1", closed=None, cutoff=0.25, restore=0.7
    )


def test_relay_charge_above_100_percent_is_rejected() -> None:
    result = read(relays.COLLECTOR, with_contacts(setting(soc_low=300.0)))
    assert one(Relay, result).cutoff is None
    assert (DRY_CONTACT_SETTINGS, "range", "soc_low") in result.rejections
