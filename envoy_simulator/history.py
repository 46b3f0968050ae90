"""A system's past as OpenMetrics with timestamps, for `promtool tsdb create-blocks-from openmetrics`.

It comes instant after instant, all series of each, so that years need no memory; a strict reader of OpenMetrics
would have it family after family, promtool wants each series in order of time and no more. For the same reason
there is neither HELP nor TYPE.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from envoy_simulator.columns import Instant
from envoy_simulator.profiles import Profile
from envoy_simulator.reports import ReportsInTurn, UnitReportsInTurn
from envoy_simulator.series import columns
from envoy_simulator.system_model import SystemModel

END = "# EOF\n"


def instants(profile: Profile, system: SystemModel, start: float, end: float, every: float = 60.0) -> Iterator[Instant]:
    """From `start` up to, and without, `end`; seconds since 1970."""
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
    """Text for each instant, and never the `# EOF`, so that several may follow each other.

    `labels`: those of the target. As if every document were asked for at each scrape, which takes no time.
    """
    wanted = columns(profile, inverters=inverters)
    beginnings = [_series(column.name, {**dict(column.labels), **labels}) for column in wanted]
    values = [column.value for column in wanted]
    up = _series("up", labels)
    for now in moments:
        stamp = f" {now.site.time:.15g}\n"
        said = [(series, value(now)) for series, value in zip(beginnings, values, strict=True)]
        lines = [f"{series}{float(value)!r}{stamp}" for series, value in said if value is not None]
        yield f"{up}1{stamp}{''.join(lines)}"


def _series(name: str, labels: Mapping[str, str]) -> str:
    """Its beginning of a line. Names and labels of simulated gateways need no escapes."""
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{told}}} "
