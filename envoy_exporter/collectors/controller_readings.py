"""The readings of system controllers (Enpower), meter collars and IQ Combiner controllers: a part of `controller`."""

from dataclasses import dataclass

from envoy_exporter.families import Reading, flags, gauge, info, label, states

from .device_status import FLAGS

GRID_MODES = ("multimode-ongrid", "multimode-offgrid", "multimode-generator", "grid-tied", "unknown")
COLLAR_GRID_STATES = ("on_grid", "off_grid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    serial: str = label()
    device: str = label()
    connected: bool | None = gauge(
        "enphase_grid_connected",
        "Whether the home is connected to the grid (1) or not (0), as in an outage or while a generator powers it.",
        fields=("mains_oper_state", "admin_state_str"),
    )
    enabled: bool | None = gauge(
        "enphase_grid_enabled",
        "Whether the home is set to be connected to the grid (1) or to be disconnected (0).",
        fields=("mains_admin_state",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GridMode:
    serial: str = label()
    grid: str | None = states(
        "enphase_grid_mode",
        "mode",
        GRID_MODES,
        "Grid mode of the system controller: 1 for the current mode, 0 for the others.",
        fields=("Enpwr_grid_mode",),
    )
    battery: str | None = states(
        "enphase_battery_grid_mode",
        "mode",
        GRID_MODES,
        "Grid mode of the batteries: 1 for the current mode, 0 for the others.",
        fields=("Enchg_grid_mode",),
    )
    solar: str | None = states(
        "enphase_solar_grid_mode",
        "mode",
        GRID_MODES,
        "Grid mode of the microinverters: 1 for the current mode, 0 for the others.",
        fields=("Solar_grid_mode",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnpowerInfo:
    serial: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_enpower_info",
        "Part number and firmware of a system controller.",
        fields=("serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enpower:
    serial: str = label()
    temperature: float | None = gauge(
        "enphase_enpower_temperature_celsius",
        "Temperature of the system controller, converted from the gateway's degrees Fahrenheit.",
        fields=("temperature",),
    )
    communicating: bool | None = gauge(
        "enphase_enpower_communicating",
        "Whether the system controller communicates with the gateway (1) or not (0).",
        fields=("communicating",),
    )
    operating: bool | None = gauge(
        "enphase_enpower_operating",
        "Whether the system controller operates (1) or not (0); not reported by firmware 8 and later.",
        fields=("operating",),
    )
    last_report: float | None = gauge(
        "enphase_enpower_last_report_timestamp_seconds",
        "Time of the last report of the system controller.",
        fields=("last_rpt_date",),
    )
    state: float | None = gauge(
        "enphase_enpower_state_id",
        "Code of the state of the system controller: 16 on the grid, 128 on a generator.",
        fields=("Enpwr_curr_state_id",),
    )
    relays: float | None = gauge(
        "enphase_enpower_relay_state_bitmap",
        "State of the relays of the system controller, one undocumented bit each.",
        fields=("Enpwr_relay_state_bm",),
    )
    errors: float | None = gauge(
        "enphase_enpower_error_flags",
        "Errors of the system controller, one undocumented bit each; 0 without errors.",
        fields=("enpower_error_flags",),
    )
    status: frozenset[str] | None = flags(
        "enphase_enpower_status_flag",
        FLAGS,
        "Status flags that the system controller raises (1).",
        fields=("device_status",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnpowerCommunicationLevel:
    serial: str = label()
    band: str = label()
    level: float | None = gauge(
        "enphase_enpower_communication_level",
        "Radio signal level of the system controller, from 0 to 5; 0 for a wired controller.",
        fields=("comm_level_sub_ghz", "comm_level_2_4_ghz"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnpowerRelay:
    serial: str = label()
    relay: str = label()
    state: float | None = gauge(
        "enphase_enpower_der_relay_state",
        "Code of the state of the relay for a solar or battery circuit.",
        fields=("der1_state", "der2_state", "der3_state"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollarInfo:
    serial: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_collar_info",
        "Part number and firmware of a meter collar.",
        fields=("serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Collar:
    serial: str = label()
    temperature: float | None = gauge(
        "enphase_collar_temperature_celsius", "Temperature of the meter collar.", fields=("temperature",)
    )
    communicating: bool | None = gauge(
        "enphase_collar_communicating",
        "Whether the meter collar communicates with the gateway (1) or not (0).",
        fields=("communicating",),
    )
    last_report: float | None = gauge(
        "enphase_collar_last_report_timestamp_seconds",
        "Time of the last report of the meter collar; firmware 8.3 keeps reporting the time of installation, so"
        " it does not show whether the collar reports now.",
        fields=("last_rpt_date",),
    )
    mid_closed: bool | None = gauge(
        "enphase_collar_mid_closed",
        "Whether the microgrid interconnection device, the meter collar's switch between home and grid, is closed"
        " (1) or open (0).",
        fields=("mid_state",),
    )
    grid_state: str | None = states(
        "enphase_collar_grid_state",
        "state",
        COLLAR_GRID_STATES,
        "Grid state reported by the meter collar, which may stay on_grid while the home is off the grid: 1 for"
        " the current state, 0 for the others.",
        fields=("grid_state",),
    )
    installed: bool | None = gauge(
        "enphase_collar_installed",
        "Whether the meter collar reports the state Installed (1) or another state (0).",
        fields=("collar_state",),
    )
    control_error: float | None = gauge(
        "enphase_collar_control_error",
        "Code of the control error of the meter collar; 0 without an error.",
        fields=("control_error",),
    )
    status: frozenset[str] | None = flags(
        "enphase_collar_status_flag", FLAGS, "Status flags that the meter collar raises (1).", fields=("device_status",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinerInfo:
    serial: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_combiner_info",
        "Part number and firmware of an IQ Combiner controller.",
        fields=("serial_num", "part_num", "fw_version"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Combiner:
    serial: str = label()
    communicating: bool | None = gauge(
        "enphase_combiner_communicating",
        "Whether the IQ Combiner controller communicates with the gateway (1) or not (0).",
        fields=("communicating",),
    )
    last_report: float | None = gauge(
        "enphase_combiner_last_report_timestamp_seconds",
        "Time of the last report of the IQ Combiner controller; firmware 8.3 keeps reporting the time of"
        " installation, so it does not show whether the controller reports now.",
        fields=("last_rpt_date",),
    )


READINGS: tuple[type[Reading], ...] = (
    Grid,
    GridMode,
    EnpowerInfo,
    Enpower,
    EnpowerCommunicationLevel,
    EnpowerRelay,
    CollarInfo,
    Collar,
    CombinerInfo,
    Combiner,
)
