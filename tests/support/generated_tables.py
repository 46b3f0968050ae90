"""Tables of the docs that are written from the code: the collectors in README.md, the endpoints in docs/polling.md."""

from collections.abc import Iterable, Iterator

from envoy_exporter import documents
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.summaries import SUMMARIES
from envoy_exporter.documents import Documents
from envoy_exporter.gateway.endpoints import (
    ENDPOINTS,
    FAST,
    INVERTERS,
    LIVE,
    RARE,
    SITE,
    SLOW,
    Endpoint,
    demands_credentials,
)
from support.documents import documents as documents_by_hand
from support.documents import information

VERSIONS = ("3.7", "3.9", "4.0", "5.0", "7.0", "8.3")
"""Firmware by which an endpoint may become required."""

CONDITIONS = {
    documents.METER_READINGS: "a CT (meter) is enabled",
    documents.PRODUCTION_V1: "firmware 3.9 and newer; no production CT is active",
    documents.ENSEMBLE_POWER: "an IQ Battery is installed",
    documents.ENSEMBLE_SECCTRL: "a battery of any kind is installed",
    documents.DRY_CONTACTS: "a load relay is in use",
    documents.GENERATOR: "a generator is configured",
    documents.PRODUCTION_JSON: "unless only `/production` has values by phase (firmware below 7)",
    documents.PRODUCTION: "firmware below 3.9 (HTML page); below 7 if it alone has values by phase; "
    "from 4 on if `/production.json` is not available",
    documents.INVERTERS_V1: "firmware 3.9 to 6; from 7 on if `/ivp/pdm/device_data` is not available, fails, or omits "
    "inverters",
    documents.ENSEMBLE_STATUS: "an IQ Battery or a system controller is installed",
    documents.ENSEMBLE_ERRORS: "a system controller is installed",
    documents.DRY_CONTACT_SETTINGS: "the ensemble inventory lists a device",
    documents.GENERATOR_CONFIG: "the ensemble inventory lists a device",
    documents.GENERATOR_MODE: "a generator is configured",
    documents.GENERATOR_SCHEDULE: "a generator is configured",
    documents.ACB_CONFIG: "an AC Battery is installed",
    documents.HOME_JSON: "firmware 4 to 6, or `/home` is not available",
    documents.FIRMWARE_MANAGER: "an IQ Battery is installed",
}
"""What an endpoint needs besides its firmware. The tests of `gateway/` hold the conditions; this has their words."""


def with_table(text: str, name: str, lines: Iterable[str]) -> str:
    """The page with the lines between `<!-- name -->` and `<!-- /name -->`."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    assert found, f"the page has no {begin}"
    assert ended, f"the page has no {end}"
    return "".join((before, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, after))


def collectors() -> Iterator[str]:
    yield "| collector | default | metrics |"
    yield "|---|---|---|"
    for collector in COLLECTORS:
        title = collector.name.replace("_", " ").capitalize()
        anchor = title.lower().replace(" ", "-")
        default = "on" if collector.enabled_by_default else "off"
        yield f"| [`{collector.name}`](docs/metrics.md#{anchor}) | {default} | {SUMMARIES[collector.name]} |"


def classes() -> Iterator[str]:
    yield "| class | requested again after | a scrape waits for it |"
    yield "|---|---|---|"
    for age in (FAST, LIVE, SITE, INVERTERS, SLOW, RARE):
        after = "`min_interval` (10 s)" if age.maximum_age is None else f"{age.maximum_age:,.0f} s"
        yield f"| {age.name} | {after} | {'yes' if age.awaited else 'only if it has never responded'} |"


def endpoints() -> Iterator[str]:
    yield "| endpoint | class | collectors | login | requested if |"
    yield "|---|---|---|---|---|"
    for endpoint in ENDPOINTS:
        readers = ", ".join(name for name in (collector.name for collector in COLLECTORS) if name in endpoint.readers)
        cells = (f"`{endpoint.target}`", endpoint.default_class.name, readers, _login(endpoint), _condition(endpoint))
        yield f"| {' | '.join(cells)} |"


def _of_firmware(version: str) -> Documents:
    return documents_by_hand({documents.INFO: information(f"D{version}.0")})


def _login(endpoint: Endpoint) -> str:
    if not demands_credentials(endpoint.name, _of_firmware("8.3")):
        return "no"
    if demands_credentials(endpoint.name, _of_firmware("5.0")):
        return "yes"
    return "from 7 on"


def _condition(endpoint: Endpoint) -> str:
    """Conditions by firmware are found by trying; those by hardware are described."""
    required = [version for version in VERSIONS if endpoint.is_required(_of_firmware(version))]
    condition = CONDITIONS.get(endpoint.name, "")
    if not required or required[-1] != VERSIONS[-1]:
        assert condition, f"{endpoint.name}: describe in CONDITIONS when it is required"
        return condition
    first = "" if required[0] == VERSIONS[0] else f"firmware {required[0].removesuffix('.0')} and newer"
    return "; ".join(filter(None, (first, condition))) or "always"
