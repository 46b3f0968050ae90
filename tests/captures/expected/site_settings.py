"""/ivp/ss/... and /ivp/sc/pvlimit: relays for loads, the generator, and limits of export and production.

/ivp/ensemble/dry_contacts and /ivp/ensemble/generator: the state of these relays and of the generator.
"""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, Json, check, equals, info, not_negative, part, ratio, seconds, states, where
from captures.recording import Recording, objects

WEEK = 7 * 24 * 3600


def dry_contacts(recording: Recording) -> Iterator[Item]:
    """The settings of the relays that are wired to something."""
    for relay in objects(recording.object("ivp_ss_dry_contact_settings").get("dry_contacts")):
        if relay.get("type", "NONE") != "NONE" and devices.has_ensemble(recording):
            yield {"relay": relay["id"]}, relay


def dry_contact_states(recording: Recording) -> Iterator[Item]:
    relays = objects(recording.object("ivp_ensemble_dry_contacts").get("dry_contacts"))
    for labels, _ in dry_contacts(recording):
        yield from ((labels, relay) for relay in relays if relay.get("id") == labels["relay"])


def generator_config(recording: Recording) -> Iterator[Item]:
    """Without a generator the document is empty, or an error."""
    config = recording.object("ivp_ss_gen_config")
    if config and not config.get("err") and not config.get("error") and devices.has_ensemble(recording):
        yield {}, config


def generator(recording: Recording) -> Iterator[Item]:
    return (({}, recording.object("ivp_ensemble_generator")) for _ in generator_config(recording))


def generator_mode(recording: Recording) -> Iterator[Item]:
    return (({}, recording.object("ivp_ss_gen_mode")) for _ in generator_config(recording))


def generator_exercise(recording: Recording) -> Iterator[Item]:
    schedule = recording.object("ivp_ss_gen_schedule")
    if "exercise_config" in schedule:
        yield from (({}, schedule["exercise_config"]) for _ in generator_config(recording))


def export_limit(recording: Recording) -> Iterator[Item]:
    if recording.firmware >= 7:
        yield {}, recording.object("ivp_ss_pel_settings")


def production_limit(recording: Recording) -> Iterator[Item]:
    if recording.firmware >= 7:
        yield {}, recording.object("ivp_sc_pvlimit")


def _is_closed(state: str) -> bool | None:
    return None if state == "unknown" else state == "close"


def _charge(percent: float) -> float | None:
    """A state of charge that is not set is below 0."""
    return not_negative(ratio(percent))


def _limit_ratio(limit: Json) -> float | None:
    return ratio(limit["PEL_Limit"]) if limit["percent"] else None


PARTS = (
    part(
        dry_contacts,
        info(
            "enphase_relay_info",
            load="load_name",
            type="type",
            mode="mode",
            grid_action="grid_action",
            micro_grid_action="micro_grid_action",
            generator_action="gen_action",
        ),
        check("enphase_relay_cutoff_charge_ratio", "soc_low", ratio),
        check("enphase_relay_restore_charge_ratio", "soc_high", ratio),
    ),
    part(dry_contact_states, check("enphase_relay_closed", "status", equals("closed"))),
    part(
        generator_config,
        info(
            "enphase_generator_info",
            manufacturer="manufacturer",
            model="model",
            type="gen_type",
            start_method="start_method",
        ),
        check("enphase_generator_rated_power_watts", "name_plate_rating_wat", lambda kilowatts: kilowatts * 1000),
    ),
    part(
        generator,
        check("enphase_generator_running", "oper_state", _is_closed),
        check("enphase_generator_run_commanded", "admin_state", _is_closed),
        check("enphase_generator_start_charge_ratio", "start_soc", _charge),
        check("enphase_generator_exercise_running", "exc_on"),
    ),
    part(
        generator,
        check("enphase_generator_stop_charge_ratio", "stop_soc", _charge),
        no_capture="no capture has a generator with a state of charge at which it stops",
    ),
    part(
        generator_mode,
        *states("enphase_generator_mode", "mode", "gen_cmd", "off", "on", "auto"),
        no_capture="no capture has /ivp/ss/gen_mode",
    ),
    part(
        generator_exercise,
        check("enphase_generator_exercise_interval_seconds", "freq_in_weeks", lambda weeks: weeks * WEEK),
        check("enphase_generator_exercise_duration_seconds", "duration", seconds),
        check("enphase_generator_exercise_start_seconds", "start", seconds),
        info("enphase_generator_exercise_info", day="day"),
    ),
    part(export_limit, check("enphase_export_limit_enabled", "PEL")),
    part(
        where(export_limit, lambda limit: limit.get("PEL")),  # one that is off is all zeros, or empty
        check("enphase_export_limit_ratio", _limit_ratio),
        check("enphase_export_limit_type", "Hard_PEL", type="hard"),
        check("enphase_export_limit_type", "Soft_PEL", type="soft"),
        check("enphase_export_limit_type", lambda _: 0, type="other"),
    ),
    part(
        production_limit,
        check("enphase_production_limit_enabled", "enable"),
        check("enphase_production_limit_ratio", "pv_limit_pct", ratio),
    ),
)
