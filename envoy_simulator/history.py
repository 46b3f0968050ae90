"""The history of a system as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from openmetrics`.

It is written instant by instant, with all series of each, so that the memory used does not depend on the length.
Strict OpenMetrics requires the order family by family, with HELP and TYPE; promtool only requires that every series is
in order of time.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from envoy_simulator.history_metrics import series
from envoy_simulator.instants import Instant
from envoy_simulator.profiles import Profile
from envoy_simulator.reports import BatteryReportSequence, ReportSequence
from envoy_simulator.system_model import SystemModel

END = "# EOF\n"


def instants(profile: Profile, system: SystemModel, start: float, end: float, every: float = 60.0) -> Iterator[Instant]:
    """The instants from `start` to `end` (exclusive), in seconds since 1970; `every`: seconds between two of them."""
    reports = ReportSequence(system, profile.report_interval)
    units = BatteryReportSequence(system, profile.report_interval)
    zone = ZoneInfo(profile.timezone)
    count = 0
    while (time := start + count * every) < end:
        offset = datetime.fromtimestamp(time, UTC).astimezone(zone).utcoffset()
        yield Instant(system.site_at(time), reports.at(time), units.at(time), offset.total_seconds() if offset else 0.0)
        count += 1


def history(
    profile: Profile, moments: Iterable[Instant], labels: Mapping[str, str], *, inverters: bool = True
) -> Iterator[str]:
    """The lines of every instant, without `# EOF`, so that several histories can be concatenated.

    `labels`: those of the target. The values are those of a scrape that requests every document.
    """
    metrics = series(profile, inverters=inverters)
    prefixes = [_prefix(metric.name, {**dict(metric.labels), **labels}) for metric in metrics]
    values = [metric.value for metric in metrics]
    up = _prefix("up", labels)
    for now in moments:
        stamp = f" {now.site.time:.15g}\n"
        samples = [(prefix, value(now)) for prefix, value in zip(prefixes, values, strict=True)]
        lines = [f"{prefix}{float(value)!r}{stamp}" for prefix, value in samples if value is not None]
        yield f"{up}1{stamp}{''.join(lines)}"


def _prefix(name: str, labels: Mapping[str, str]) -> str:
    """The name and labels that begin a line. Names and labels of simulated gateways need no escapes."""
    pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} "
