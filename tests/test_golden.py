"""The complete exposition of a gateway with each firmware, compared with the reviewed one.

`pytest tests/test_golden.py --update-golden` writes the expositions again; review the difference.
"""

import subprocess
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.exposition import parsed
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.prometheus import program

from envoy_exporter.app import COLLECTORS, read_settings
from envoy_exporter.collectors import layout
from envoy_exporter.commands import demo
from envoy_exporter.families import describe
from envoy_exporter.gateway_collector import families
from envoy_exporter.token import parse
from envoy_exporter.web.exposition import Format
from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parent / "golden"
A_JUNE_DAY = 1_781_024_400.0
"""17:00 UTC: morning in America, daylight in Europe."""
LAYOUT = "layout"
"""The metrics of a config with a layout, which is that of the demo. The profiles have none."""
EVERYTHING = "8.2_everything"
"""A gateway that streams live data, with an installer's token and all collectors enabled."""
SCRAPE = "scrape"
"""The metrics of collectors themselves, for one gateway only: otherwise a new rule would change all files."""
GOLDENS = (*PROFILES, EVERYTHING, LAYOUT, SCRAPE)
_OF_COLLECTORS = ("enphase_scrape_collector_", "enphase_data_rejected_total")
_NOT_AVAILABLE = 'enphase_gateway_requests_total{code="404"'
"""Left out: otherwise a new endpoint would change all files. `test_request_rates.py` has these requests."""


def exposed(name: str) -> str:
    if name == LAYOUT:
        return layout_exposed()
    of_collectors = name == SCRAPE
    lines = profile_exposed(EVERYTHING if of_collectors else name).splitlines(keepends=True)
    lines = [line for line in lines if not line.startswith(_NOT_AVAILABLE)]
    return "".join(line for line in lines if bool(_family(line).startswith(_OF_COLLECTORS)) is of_collectors)


def _family(line: str) -> str:
    """The metric that a sample, a HELP or a TYPE line is about."""
    parts = line.split(maxsplit=3)
    return parts[2] if parts[0] == "#" else parts[0]


def profile_exposed(name: str) -> str:
    clock = ManualClock(A_JUNE_DAY)
    profile, _, everything = name.partition("_")
    with Simulator(profile, clock=clock.time, tls=False) as gateway:
        changes = {}
        if everything:
            token = parse(gateway.make_token(enphaseUser="installer"))
            changes = {"token": token, "collectors": frozenset(COLLECTORS)}
        scraped = InProcessExporter(settings(gateway, **changes), clock)
        scraped.poll()
        return Format.TEXT.render(scraped.collector.families(scraped.gateway.snapshot())).decode()


def layout_exposed() -> str:
    clock = ManualClock(A_JUNE_DAY)
    with Simulator(demo.PROFILE, clock=clock.time, tls=False) as gateway:
        scraped = InProcessExporter(settings(gateway), clock, read_settings(demo.gateway(gateway)))
        scraped.poll()
        metrics = scraped.collector.families(scraped.gateway.snapshot())
        own = {family.metric().name for family in describe(layout.COLLECTOR.readings)}
        return Format.TEXT.render([metric for metric in metrics if metric.name in own]).decode()


@pytest.mark.parametrize("name", GOLDENS)
def test_exposition_equals_the_golden_file(name: str, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{name}.txt"
    text = exposed(name)
    if request.config.getoption("--update-golden"):
        golden.write_text(text)
    assert text == golden.read_text(), "run `make golden`, and review the difference"


@pytest.mark.parametrize("name", GOLDENS)
def test_promtool_accepts_the_golden_file(name: str) -> None:
    command = [program("promtool"), "check", "metrics"]
    checked = subprocess.run(
        command, input=(GOLDEN / f"{name}.txt").read_bytes(), capture_output=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


IN_NO_PROFILE = {
    "enphase_gateway_request_failures_total",  # nothing fails on a healthy gateway
    "enphase_token_renewals_total",  # the tokens are configured
    "enphase_inverter_phase_voltage_volts",  # of inverters on several phases, of which there is no recording
    "enphase_inverter_channel_power_watts",  # of inverters with several channels, likewise
    "enphase_inverter_channel_energy_joules_total",
    "enphase_inverter_channel_dc_voltage_volts",
    "enphase_inverter_channel_dc_current_amperes",
    "enphase_battery_unit_max_power_watts",  # every simulated gateway with AC batteries lists them in its inventory
    "enphase_enpower_operating",  # not in firmware 8, which the profile with a controller has
}


def test_profiles_together_expose_every_family() -> None:
    shown: set[str] = set()
    for golden in GOLDENS:
        shown.update(name for name, _ in parsed((GOLDEN / f"{golden}.txt").read_text()).samples)
    described = {family.name for family in families()}
    assert shown <= described
    assert described - shown == IN_NO_PROFILE, "let a simulated gateway report it, or give the reason in IN_NO_PROFILE"
