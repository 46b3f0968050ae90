"""Relays and the generator: `/ivp/ensemble/dry_contacts`, `generator`, and their settings in `/ivp/ss/*`.

Gateways without a controller have these documents too: with four contacts of type NONE, and an empty or open generator.
"""

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.equipment import Generator, Relay
from envoy_simulator.http_types import Entry, Json

_CONTACTS = ("NC1", "NC2", "NO1", "NO2")
_SUNDAY = 7


def dry_contacts(moment: Moment) -> Entry:
    contacts: list[Json] = [
        {"id": contact, "status": "closed" if _is_closed(moment, _relay(moment, contact)) else "open"}
        for contact in _CONTACTS
    ]
    return {"dry_contacts": contacts}


def _relay(moment: Moment, contact: str) -> Relay | None:
    return next((relay for relay in moment.profile.relays if relay.contact == contact), None)


def _is_closed(moment: Moment, relay: Relay | None) -> bool:
    """Whether the load has power: false only if the charge of the batteries is below the cutoff of the relay."""
    if relay is None:
        return False
    batteries = moment.state.batteries
    charge = 100 * sum(unit.stored for unit in batteries) / sum(unit.capacity for unit in batteries)
    return relay.mode == "manual" or charge >= relay.cutoff


def dry_contact_settings(moment: Moment) -> Entry:
    """The settings: few without a controller (8.2.4264), more with one (8.2.4345), and the most on 8.3.1598_collar."""
    contacts: list[Json] = [
        _settings(moment, contact, place, _relay(moment, contact)) for place, contact in enumerate(_CONTACTS, 1)
    ]
    return {"dry_contacts": contacts}


def _settings(moment: Moment, contact: str, place: int, relay: Relay | None) -> Entry:
    grid, micro_grid, generator = relay.actions if relay else ("none", "none", "none")
    collar = bool(moment.profile.collar)
    entry: Entry = {
        "id": contact,
        "type": "LOAD" if relay else "NONE",
        "grid_action": grid,
        "micro_grid_action": micro_grid,
        "gen_action": generator,
    }
    if collar:
        entry["safe_state_action"] = "shed"
    if collar or moment.profile.enpower:
        entry |= {
            "essential_start_time": 32400.0,
            "essential_end_time": 57600.0,
            "priority": float(place),
            "black_s_start": 10000.0 if collar else 5.0,
        }
    if collar:
        entry |= {"black_start_retries": 10000.0, "action_retries": 1.0}
    entry["override"] = "true" if relay else "false"
    if collar or moment.profile.enpower:
        entry["manual_override"] = "false" if collar else "true"
    entry |= {
        "load_name": relay.load if relay else "",
        "mode": relay.mode if relay else "manual",
        "soc_low": float(relay.cutoff if relay else 30),
        "soc_high": float(relay.restore if relay else 70),
    }
    if collar:
        entry["pv_phase_select"] = []
    return {**entry, "pv_serial_nb": []}


def generator(moment: Moment) -> Entry:
    """The state. `present` is meaningless: it is 1 without a generator on 7.x.

    The simulated grid never fails, so the generator runs only to exercise.
    """
    unit = moment.profile.generator
    new = moment.profile.firmware >= (8,)
    return {
        "admin_state": "open" if unit else "unknown",
        "oper_state": "open",
        "admin_mode": 2 if unit else 0,
        "schedule": int(bool(unit)),
        "start_soc": unit.start if unit else 100,
        "stop_soc": unit.stop if unit else -1,
        "exc_on": int(unit is not None and _exercises(moment, unit)),
        "present": int(bool(unit) or not new),
        "type": int(new),
    }


def _exercises(moment: Moment, unit: Generator) -> bool:
    """Whether the generator exercises, which it does without load."""
    minute = moment.local.hour * 60 + moment.local.minute
    return moment.local.isoweekday() == _SUNDAY and 0 <= minute - unit.exercise < unit.exercise_minutes


def gen_config(moment: Moment) -> Entry:
    """The configuration; empty without a generator. `name_plate_rating_wat` is in kilowatts."""
    unit = moment.profile.generator
    if unit is None:
        return {}
    return {
        "max_cont_gen_amps": unit.amperes,
        "min_gen_loading_perc": 5,
        "max_gen_efficiency_perc": 100,
        "name_plate_rating_wat": unit.kilowatts,
        "start_method": "Auto",
        "warm_up_mins": 0,
        "cool_down_mins": 0,
        "gen_type": "Standby",
        "model": unit.model,
        "manufacturer": unit.manufacturer,
        "last_updated_by": "ITK",
        "generator_id": "",
        "charge_from_generator": True,
    }


def gen_mode(_: Moment) -> Entry:
    return {"gen_cmd": "auto", "last_updated_by": "ITK"}


def gen_schedule(moment: Moment) -> Entry:
    unit = moment.profile.generator
    if unit is None:
        return {}
    period: Json = {
        "id": "normal_1",
        "start": 0.0,
        "duration": 1440.0,
        "start_soc": float(unit.start),
        "stop_soc": float(unit.stop),
        "setting": "AON",
    }
    days: Json = [{"id": "all_days", "week_days": "Mon,Tue,Wed,Thu,Fri,Sat,Sun", "periods": [period]}]
    return {
        "exercise_config": {
            "freq_in_weeks": 1,
            "start": unit.exercise,
            "duration": unit.exercise_minutes,
            "day": "Sun",
        },
        "default_soc": {"start_soc": unit.start, "stop_soc": unit.stop},
        "schedule": {"default": [{"id": "always_on", "start": "1/1", "end": "12/31", "days": days}]},
        "last_updated_by": "ITK",
    }


DOCUMENTS: Documents = {
    "/ivp/ensemble/dry_contacts": dry_contacts,
    "/ivp/ensemble/generator": generator,
    "/ivp/ss/dry_contact_settings": dry_contact_settings,
    "/ivp/ss/gen_config": gen_config,
    "/ivp/ss/gen_mode": gen_mode,
    "/ivp/ss/gen_schedule": gen_schedule,
}
