"""The history of a system as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from openmetrics`.

It is written instant after instant, with all series of each, so that years need no memory. Strict OpenMetrics would
have it family after family with HELP and TYPE; promtool only requires every series in order of time.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from envoy_simulator.history_metrics import series
from envoy_simulator.instants import Instant
from envoy_simulator.profiles import Profile
from envoy_simulator.reports import ReportsInTurn, UnitReportsInTurn
from envoy_simulator.system_model import SystemModel

END = "# EOF\n"


def instants(profile: Profile, system: SystemModel, start: float, end: float, every: float = 60.0) -> Iterator[Instant]:
    """The instants from `start` up to `end`, without `end`; seconds since 1970."""
    reports = ReportsInTurn(system, profile.report_interval)
    units = UnitReportsInTurn(system, profile.report_interval)
    zone = ZoneInfo(profile.timezone)
    count = 0
    while (time := start + count * every) < end:
        offset = datetime.fromtimestamp(time, UTC).astimezone(zone).utcoffset()
        yield Instant(system.site_at(time), reports.at(time), units.at(time), offset.total_seconds() if offset else 0.0)
        count += 1


def history(
    profile: Profile, moments: Iterable[Instant], labels: Mapping[str, str], *, inverters: bool = True
) -> Iterator[str]:
    """The lines of every instant, without `# EOF`, so that several histories can follow each other.

    `labels`: those of the target. The values are as if every document was requested at every scrape.
    """
    metrics = series(profile, inverters=inverters)
    beginnings = [_beginning(one.name, {**dict(one.labels), **labels}) for one in metrics]
    values = [one.value for one in metrics]
    up = _beginning("up", labels)
    for now in moments:
        stamp = f" {now.site.time:.15g}\n"
        samples = [(beginning, value(now)) for beginning, value in zip(beginnings, values, strict=True)]
        lines = [f"{beginning}{float(value)!r}{stamp}" for beginning, value in samples if value is not None]
        yield f"{up}1{stamp}{''.join(lines)}"


def _beginning(name: str, labels: Mapping[str, str]) -> str:
    """The beginning of a line. Names and labels of simulated gateways need no escapes."""
    pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} "
