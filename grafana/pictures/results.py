"""The results of a panel's queries, for charts and tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support.dashboard_view import View, legend


@dataclass(frozen=True, slots=True)
class Result:
    """`times` in seconds since 1970; `reference` is the query's letter."""

    name: str
    reference: str
    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]


def results(view: View, panel: Any) -> Iterator[Result]:
    """Yield the results of all its queries, in their order."""
    for target in panel["targets"]:
        for series in view.result(panel, target):
            yield Result(
                name=legend(target, series),
                reference=target["refId"],
                labels=series.labels,
                times=tuple(series.values),
                values=tuple(series.values.values()),
            )
