"""Grafana's transformations of tables, as far as the dashboards use them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from results import Result

TIME = "Time"
Rows = list[dict[str, Any]]
Json = Any


@dataclass(frozen=True, slots=True)
class Frame:
    """The columns in their order, and the rows: a frame without rows still has columns."""

    columns: tuple[str, ...]
    rows: Rows


Frames = Sequence[Frame]


def table(results: Sequence[Result], panel: Json, zone: ZoneInfo) -> Frame:
    """Return the frame that a panel shows: the first one. Raises ValueError on an unsupported transformation."""
    frames: Frames = _frames(results, [target["refId"] for target in panel["targets"]])
    for transformation in panel.get("transformations", ()):
        if transformation.get("disabled"):
            continue
        if transformation["id"] not in _KNOWN:
            raise ValueError(f"unsupported transformation {transformation['id']}; add it to grafana/pictures/tables.py")
        frames = _KNOWN[transformation["id"]](frames, {**transformation["options"], "zone": zone})
    return frames[0]


def _frames(results: Sequence[Result], references: Sequence[str]) -> Frames:
    """Return a frame for each query, with a row for each result.

    With several queries the value column has the query's letter.

    A query without results is a frame of `Time` and its value, without rows.
    """
    frames = []
    for reference in references:
        found = [result for result in results if result.reference == reference]
        value = "Value" if len(references) == 1 else f"Value #{reference}"
        labels = sorted({label for result in found for label in result.labels})
        rows = [
            {TIME: time, **dict.fromkeys(labels, ""), **result.labels, value: number}
            for result in found
            for time, number in zip(result.times, result.values, strict=True)
        ]
        frames.append(Frame((TIME, *labels, value), rows))
    return frames


def _merge(frames: Frames, _: Json) -> Frames:
    """Merge rows that agree in all common columns. Frames without a common column stay unchanged."""
    if len(frames) == 1 or not set[str].intersection(*(set(frame.columns) for frame in frames)):
        return frames
    merged: Rows = []
    for row in (row for frame in frames for row in frame.rows):
        agreeing = [other for other in merged if all(other.get(key, value) == value for key, value in row.items())]
        for other in agreeing:
            other.update(row)
        if not agreeing:
            merged.append(dict(row))
    return [Frame(tuple(dict.fromkeys(column for frame in frames for column in frame.columns)), merged)]


def _join(frames: Frames, options: Json) -> Frames:
    """Join by one field; of other fields with the same name the first frame's is kept."""
    field = options["byField"]
    joined: dict[Any, dict[str, Any]] = {}
    for row in (row for frame in frames for row in frame.rows):
        into = joined.setdefault(row[field], {})
        into.update({key: value for key, value in row.items() if key not in into})
    inner = options.get("mode") == "inner"
    everywhere = [{row[field] for row in frame.rows} for frame in frames]
    rows = [row for key, row in sorted(joined.items()) if not inner or all(key in keys for keys in everywhere)]
    return [Frame(tuple(dict.fromkeys(column for frame in frames for column in frame.columns)), rows)]


def _filter_fields(frames: Frames, options: Json) -> Frames:
    names = set(options["include"]["names"])
    return [_having(frame, [column for column in frame.columns if column in names]) for frame in frames]


def _organize(frames: Frames, options: Json) -> Frames:
    excluded = {name for name, out in options.get("excludeByName", {}).items() if out}
    order, renamed = options.get("indexByName", {}), options.get("renameByName", {})
    organized = []
    for frame in frames:
        kept = [column for column in frame.columns if column not in excluded]
        ordered = _having(frame, sorted(kept, key=lambda key: order.get(key, len(order))))
        names = {column: renamed.get(column) or column for column in ordered.columns}
        rows = [{names[key]: value for key, value in row.items()} for row in ordered.rows]
        organized.append(Frame(tuple(names.values()), rows))
    return organized


def _having(frame: Frame, columns: Sequence[str]) -> Frame:
    return Frame(tuple(columns), [{key: row[key] for key in columns if key in row} for row in frame.rows])


def _matrix(frames: Frames, options: Json) -> Frames:
    row_field, column_field, value_field = (options[key] for key in ("rowField", "columnField", "valueField"))
    by_row: dict[Any, dict[Any, Any]] = {}
    for row in frames[0].rows:
        by_row.setdefault(row.get(row_field, ""), {})[row.get(column_field, "")] = row[value_field]
    columns = list(dict.fromkeys(column for cells in by_row.values() for column in cells))
    heading = f"{row_field}\\{column_field}"
    rows = [{heading: name, **{column: cells.get(column, "") for column in columns}} for name, cells in by_row.items()]
    return [Frame((heading, *columns), rows)]


def _sort(frames: Frames, options: Json) -> Frames:
    by = options["sort"][0]

    def key(row: Mapping[str, Any]) -> tuple[bool, Any]:
        return row.get(by["field"], "") == "", row.get(by["field"], "")

    return [replace(frame, rows=sorted(frame.rows, key=key, reverse=bool(by.get("desc")))) for frame in frames]


def _limit(frames: Frames, options: Json) -> Frames:
    return [replace(frame, rows=frame.rows[: int(options["limitField"])]) for frame in frames]


def _format_time(frames: Frames, options: Json) -> Frames:
    pattern = options["outputFormat"]
    for old, new in (("YYYY", "%Y"), ("ddd", "%a"), ("D ", "%-d "), ("MMM", "%b"), ("MM", "%m")):
        pattern = pattern.replace(old, new)
    field = options["timeField"]

    def written(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, field: datetime.fromtimestamp(row[field], options["zone"]).strftime(pattern)}

    return [replace(frame, rows=[written(row) for row in frame.rows]) for frame in frames]


Reducer = Callable[[Sequence[float]], float]

REDUCERS: Mapping[str, Reducer] = {
    "sum": sum,
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / len(values),
    "last": lambda values: values[-1],
    "lastNotNull": lambda values: values[-1],
    "count": lambda values: float(len(values)),
}


def _group(frames: Frames, options: Json) -> Frames:
    fields = options["fields"]
    by = tuple(name for name, what in fields.items() if what["operation"] == "groupby")
    reductions = {
        f"{name} ({how})": (name, REDUCERS[how])
        for name, what in fields.items()
        if what["operation"] == "aggregate"
        for how in what["aggregations"]
    }
    grouped = []
    for frame in frames:
        groups: dict[tuple[Any, ...], Rows] = {}
        for row in frame.rows:
            groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
        rows = [{**dict(zip(by, key, strict=True)), **_reduced(group, reductions)} for key, group in groups.items()]
        grouped.append(Frame((*by, *reductions), rows))
    return grouped


def _reduced(rows: Rows, reductions: Mapping[str, tuple[str, Reducer]]) -> dict[str, float]:
    numbers = {name: [row[name] for row in rows if isinstance(row.get(name), float)] for name, _ in reductions.values()}
    return {column: reducer(numbers[name]) for column, (name, reducer) in reductions.items() if numbers[name]}


_KNOWN: Mapping[str, Callable[[Frames, Json], Frames]] = {
    "merge": _merge,
    "joinByField": _join,
    "filterFieldsByName": _filter_fields,
    "organize": _organize,
    "groupingToMatrix": _matrix,
    "sortBy": _sort,
    "limit": _limit,
    "formatTime": _format_time,
    "groupBy": _group,
}
