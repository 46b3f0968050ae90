"""The documents of a profile have the keys and JSON types of a real gateway with that firmware."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from simulator.helpers import NOON_IN_JUNE, captures, digest_authorization, make_gateway, respond

pytestmark = pytest.mark.integration

# Profile, path, and the captures of that firmware with the complete document. The shapes of several captures are
# combined if each of them lacks a part: 8.3.5169 has no batteries, 8.3.1598 no device_data.
CASES = [
    ("3.9", "/api/v1/production", ["3.9.36"]),
    ("3.9", "/api/v1/production/inverters", ["3.9.36"]),
    ("4.10", "/api/v1/production", ["4.10.35"]),
    ("4.10", "/api/v1/production/inverters", ["4.10.35"]),
    ("4.10", "/production.json", ["4.10.35"]),
    ("4.10", "/production.json?details=1", ["4.10.35"]),
    ("4.10", "/ivp/meters", ["4.10.35"]),
    ("4.10", "/ivp/meters/readings", ["4.10.35"]),
    ("5.0", "/api/v1/production", ["5.0.62"]),
    ("5.0", "/api/v1/production/inverters", ["5.0.62"]),
    ("5.0", "/production.json?details=1", ["5.0.62"]),
    ("5.0", "/ivp/meters", ["5.0.62"]),
    ("5.0", "/ivp/meters/readings", ["5.0.62"]),
    *[
        ("7.3", path, ["7.3.466_metered_disabled_cts"])
        for path in (
            "/api/v1/production",
            "/api/v1/production/inverters",
            "/production",
            "/production.json",
            "/ivp/meters",
            "/ivp/meters/readings",
            "/ivp/ensemble/inventory",
            "/ivp/ensemble/power",
            "/ivp/ensemble/secctrl",
            "/ivp/ensemble/status",
        )
    ],
    ("7.6", "/production.json?details=1", ["7.3.466_with_cts_3phase"]),
    *[
        ("7.6", path, ["7.6.175_with_cts"])
        for path in (
            "/api/v1/production",
            "/api/v1/production/inverters",
            "/production",
            "/ivp/meters",
            "/ivp/meters/readings",
            "/ivp/ensemble/inventory",
            "/ivp/ensemble/power",
            "/ivp/ensemble/secctrl",
            "/ivp/ensemble/status",
        )
    ],
    ("7.6", "/home", ["7.6.175"]),
    *[
        ("8.2", path, ["8.2.127_with_3cts_and_battery_split"])
        for path in (
            "/api/v1/production",
            "/api/v1/production/inverters",
            "/production",
            "/production.json",
            "/ivp/meters",
            "/ivp/meters/readings",
            "/ivp/ensemble/inventory",
            "/ivp/ensemble/power",
            "/ivp/ensemble/secctrl",
        )
    ],
    *[
        ("8.2", path, ["8.2.127_with_generator_running"])
        for path in (
            "/ivp/ensemble/status",
            "/ivp/ensemble/dry_contacts",
            "/ivp/ensemble/generator",
            "/ivp/ss/dry_contact_settings",
            "/ivp/ss/gen_config",
            "/ivp/ss/gen_schedule",
        )
    ],
    *[
        (profile, path, [folder])
        for profile, folder in (
            ("7.3", "7.3.466_metered_disabled_cts"),
            ("7.6", "7.6.175_with_cts"),
            ("8.3", "8.3.5169_ACB_inventory"),
        )
        for path in (
            "/ivp/ensemble/dry_contacts",
            "/ivp/ensemble/generator",
            "/ivp/ss/dry_contact_settings",
            "/ivp/ss/gen_config",
            "/ivp/ss/gen_schedule",
        )
    ],
    ("8.3", "/api/v1/production", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/api/v1/production/inverters", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/production", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/production.json?details=1", ["8.3.1598_collar"]),
    ("8.3", "/ivp/meters", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/ivp/meters/readings", ["8.3.5169_ACB_inventory", "8.3.1598_collar"]),
    ("8.3", "/ivp/pdm/device_data", ["8.3.5433_tot_is_net_cons", "8.2.4345_with_device_data"]),
    ("8.3", "/ivp/ensemble/power", ["8.3.1598_collar"]),
    ("8.3", "/ivp/ensemble/secctrl", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/ivp/ensemble/inventory", ["8.3.1598_collar"]),
    ("8.3", "/ivp/ensemble/status", ["8.3.1598_collar"]),
    ("8.3", "/home", ["8.3.5169_ACB_inventory"]),
    ("4.10", "/admin/lib/tariff", ["4.10.35"]),
    ("5.0", "/admin/lib/tariff", ["5.0.62"]),
    ("7.3", "/admin/lib/tariff", ["7.3.517"]),
    ("7.6", "/admin/lib/tariff", ["7.6.175_with_cts"]),
    ("8.2", "/admin/lib/tariff", ["8.2.127_with_3cts_and_battery_split", "7.6.175_with_cts"]),
    ("8.3", "/admin/lib/tariff", ["8.2.4345_with_device_data"]),
    ("7.3", "/ivp/ss/pel_settings", ["7.3.466_metered_disabled_cts"]),
    ("7.6", "/ivp/ss/pel_settings", ["8.2.4382_ACB"]),
    ("8.3-collar", "/admin/lib/tariff", ["8.3.1598_collar"]),
    ("8.3", "/ivp/ss/pel_settings", ["8.2.4264_metered_noct"]),
    ("8.3", "/ivp/sc/pvlimit", ["8.3.5169_ACB_inventory"]),
    ("8.3", "/ivp/pdm/energy", ["8.3.5169_ACB_inventory"]),
    *[
        ("8.3-collar", path, ["8.3.1598_collar"])
        for path in (
            "/api/v1/production",
            "/api/v1/production/inverters",
            "/production",
            "/production.json?details=1",
            "/ivp/meters",
            "/ivp/meters/readings",
            "/ivp/ensemble/inventory",
            "/ivp/ensemble/power",
            "/ivp/ensemble/secctrl",
            "/ivp/ensemble/status",
            "/ivp/ensemble/dry_contacts",
            "/ivp/ensemble/generator",
            "/ivp/ss/dry_contact_settings",
            "/ivp/ss/gen_config",
            "/ivp/ss/gen_schedule",
        )
    ],
    *[
        ("8.3-ac", path, ["8.3.5433_tot_is_net_cons", "8.3.5169_ACB_inventory"])
        for path in ("/inventory.json?deleted=1", "/ivp/pdm/device_data")
    ],
    *[
        ("8.3-ac", path, ["8.3.5169_ACB_inventory"])
        for path in (
            "/api/v1/production/inverters",
            "/production",
            "/production.json?details=1",
            "/ivp/ensemble/inventory",
            "/ivp/ensemble/power",
            "/ivp/ensemble/secctrl",
        )
    ],
    ("8.3-ac", "/admin/lib/acb_config", ["8.3.5433_tot_is_net_cons"]),
    *[
        ("8.3-load", path, ["8.3.5433_tot_is_net_cons"])
        for path in (
            "/api/v1/production",
            "/api/v1/production/inverters",
            "/production",
            "/production.json?details=1",
            "/ivp/meters",
            "/ivp/meters/readings",
            "/ivp/pdm/device_data",
            "/ivp/ensemble/inventory",
            "/inventory.json?deleted=1",
        )
    ],
    *[
        ("8.2-three", path, ["8.2.4382_ACB"])
        for path in ("/ivp/ensemble/inventory", "/ivp/ensemble/power", "/ivp/ensemble/secctrl", "/ivp/ensemble/status")
    ],
    ("8.2-three", "/production.json?details=1", ["7.3.466_with_cts_3phase"]),
]

# Prefixes of key paths that only the recorded gateway has, and the reason.
ONLY_RECORDED = {
    ("7.3", "/ivp/ensemble/status"): [".counters."],  # only those counters of the daemon that are not 0
    ("7.6", "/ivp/ensemble/status"): [".counters."],  # likewise
    ("8.2", "/ivp/ensemble/status"): [".inventory.serial_nums.#.submodules."],  # boards inside the devices
    ("8.2-three", "/ivp/ensemble/status"): [".inventory.serial_nums.#."],  # as 8.2's, which are checked there
    ("8.3", "/ivp/ensemble/inventory"): [  # a collar and a combiner
        *(f"[].devices[].{key}" for key in ("mid_state", "grid_state", "control_error", "collar_state")),
        *(f"[].devices[].{key}" for key in ("fw_version", "dmir_version", "FW Version", "Device State")),
    ],
    ("8.3", "/ivp/ensemble/status"): [
        ".inventory.serial_nums.#.",  # newer batteries, connected by cable; ours are those of 8.2, checked there
        ".secctrl.ESS_R3_To_R4_in_progress",  # not on 8.3.5169
    ],
    ("8.3-collar", "/ivp/ensemble/status"): [
        ".inventory.serial_nums.#.submodules.",  # boards inside the devices
        ".inventory.serial_nums.#.dmir.",
    ],
    ("7.3", "/ivp/meters"): ["[].statusFlags[]"],  # its CTs are wired incorrectly
    ("8.3", "/production"): [".storage[].percentFull"],  # AC batteries
}
# Prefixes of key paths that only the simulator has.
ONLY_SIMULATED = {
    ("8.3-ac", "/ivp/pdm/device_data"): [  # an IQ Relay, which no capture has
        *(f".#.channels[].lastReading.{key}" for key in ("temperature", "Vrms", "vrms", "freqInmHz")),
        *(f".#.channels[].lastReading.{key}" for key in ("acCurrOffset", "stateChngCnt")),
    ],
    ("8.3-ac", "/inventory.json?deleted=1"): [f"[].devices[].{key}" for key in ("line", "reason", "relay")],  # likewise
    ("8.3", "/ivp/ensemble/status"): [".inventory.serial_nums.#."],  # see above
    ("8.3", "/admin/lib/tariff"): [".tariff.seasons[]"],  # its tiers are those of 8.3.5433_tot_is_net_cons
}
# Types that may differ: real gateways print these numbers without a decimal point if they are whole.
SOMETIMES_INTEGER = re.compile(r"\.(varhL\w+|pwrFactor|whToday|whLastSevenDays|vahToday|whLifetime|rmsCurrent)$")


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each path of keys with its JSON type. Elements of a list share one path, as do keys that are serials or eids."""
    if isinstance(value, dict):
        yield path, "object"
        for key, item in value.items():
            yield from shape(item, f"{path}.{'#' if key.isdigit() else key}")
    elif isinstance(value, list):
        yield path, "list"
        for item in value:
            yield from shape(item, f"{path}[]")
    else:
        yield path, {bool: "boolean", int: "int", float: "float", str: "text", type(None): "null"}[type(value)]


def types_by_path(value: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, kind in shape(value):
        found.setdefault(path, set()).add(kind)
    return found


def file_of(path: str) -> list[str]:
    name = re.sub(r"[/?=]", "_", path.removeprefix("/"))
    return [name, name.removesuffix("_details_1")]


def recorded_shape(path: str, folders: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for folder in folders:
        file = next(file for name in file_of(path) if (file := captures() / folder / name).is_file())
        for key, types in types_by_path(json.loads(file.read_bytes())).items():
            found.setdefault(key, set()).update(types)
    return found


@pytest.mark.parametrize(("profile", "path", "folders"), CASES)
def test_document_has_the_keys_and_types_of_a_capture(profile: str, path: str, folders: list[str]) -> None:
    recorded = recorded_shape(path, folders)
    gateway = make_gateway(profile)
    simulated: dict[str, set[str]] = {}
    for hours in (0, 11):  # by day and by night
        response = respond(gateway, path, NOON_IN_JUNE + 3600 * hours, authorization=authorization(gateway, path))
        assert response.status == 200
        for key, types in types_by_path(json.loads(response.body)).items():
            simulated.setdefault(key, set()).update(types)
    missing = without_prefixes(recorded.keys() - simulated.keys(), ONLY_RECORDED.get((profile, path), []))
    assert not missing
    extra = without_prefixes(simulated.keys() - recorded.keys(), ONLY_SIMULATED.get((profile, path), []))
    assert not extra
    for key in simulated.keys() & recorded.keys():
        new = simulated[key] - recorded[key]
        if new <= {"int", "float"} and SOMETIMES_INTEGER.search(key):
            continue
        assert not new, (key, simulated[key], recorded[key])


def without_prefixes(paths: set[str], prefixes: list[str]) -> set[str]:
    return {path for path in paths if not any(path.startswith(prefix) for prefix in prefixes)}


def authorization(gateway: Any, path: str) -> str:
    """The Authorization header: the token, or digest on firmware older than 7."""
    if gateway.requires_token:
        return f"Bearer {gateway.token}"
    return digest(gateway, path)


def digest(gateway: Any, path: str) -> str:
    challenge = dict(respond(gateway, path, NOON_IN_JUNE, authorization="").headers).get("WWW-Authenticate", "")
    return digest_authorization(gateway, path, challenge.rpartition('nonce="')[2].rstrip('"'))


@pytest.mark.parametrize(
    ("profile", "folder"),
    [
        ("3.7", "3.7.0"),
        ("3.9", "3.9.36"),
        ("4.10", "4.10.35"),
        ("5.0", "5.0.62"),
        ("7.3", "7.3.466_metered_disabled_cts"),
        ("7.6", "7.6.175_with_cts"),
        ("8.2", "8.2.127_with_3cts_and_battery_split"),
        ("8.3", "8.3.5169_ACB_inventory"),
        ("8.3-collar", "8.3.1598_collar"),
    ],
)
def test_info_has_the_elements_of_a_capture(profile: str, folder: str) -> None:
    def elements(xml: bytes) -> set[str]:
        return set(re.findall(r"<(\w+)[ >]", xml.decode()))

    real = elements((captures() / folder / "info").read_bytes())
    assert elements(respond(make_gateway(profile), "/info", NOON_IN_JUNE).body) == real


@pytest.mark.parametrize(("profile", "folder"), [("3.7", "3.7.0"), ("3.9", "3.9.36")])
def test_html_page_has_the_rows_of_a_capture(profile: str, folder: str) -> None:
    row = re.compile(r"<td>([A-Z][\w ]+)</td>\s*<td>( *[\d.]+ [kM]?Wh?)</td>")

    def rows(page: bytes) -> list[tuple[str, int]]:
        return [(label, len(text.partition(" k")[0].rstrip("MWh")) > 0) for label, text in row.findall(page.decode())]

    real = rows((captures() / folder / "production").read_bytes())
    assert len(real) == 4
    assert rows(respond(make_gateway(profile), "/production", NOON_IN_JUNE).body) == real
