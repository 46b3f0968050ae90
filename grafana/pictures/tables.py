"""Grafana's transformations of tables, those that our dashboards use."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from answers import Answer

Rows = list[dict[str, Any]]
Json = Any


def table(answers: Sequence[Answer], panel: Json, zone: ZoneInfo) -> tuple[list[str], Rows]:
    """The columns in their order, and the rows. Raises ValueError on a transformation that is not known here."""
    frames = _frames(answers, [target["refId"] for target in panel["targets"]])
    for each in panel.get("transformations", ()):
        if each.get("disabled"):
            continue
        if each["id"] not in _KNOWN:
            raise ValueError(f"transformation {each['id']}: teach pictures what it does")
        frames = _KNOWN[each["id"]](frames, {**each["options"], "zone": zone})
    rows = frames[0] if frames else []
    return list(dict.fromkeys(key for row in rows for key in row)), rows


def _frames(answers: Sequence[Answer], references: Sequence[str]) -> list[Rows]:
    """One a query, a row an answer; the value's column has the query's letter where there are several."""
    frames: list[Rows] = []
    for reference in references:
        value = "Value" if len(references) == 1 else f"Value #{reference}"
        frames.append(
            [
                {"Time": time, **answer.labels, value: number}
                for answer in answers
                if answer.reference == reference
                for time, number in zip(answer.times, answer.values, strict=True)
            ]
        )
    return frames


def _merge(frames: list[Rows], _: Json) -> list[Rows]:
    """Rows that agree in all that they both have become one."""
    merged: Rows = []
    for row in (row for frame in frames for row in frame):
        for other in merged:
            shared = {key for key in row.keys() & other.keys() if not key.startswith("Value")}
            if (
                shared
                and all(row[key] == other[key] for key in shared)
                and not ({key for key in row if key.startswith("Value")} & other.keys())
            ):
                other.update(row)
                break
        else:
            merged.append(dict(row))
    return [merged]


def _join(frames: list[Rows], options: Json) -> list[Rows]:
    """By one field; of the others, those of equal names stay the first frame's."""
    field = options["byField"]
    joined: dict[Any, dict[str, Any]] = {}
    for frame in frames:
        for row in frame:
            into = joined.setdefault(row[field], {})
            into.update({key: value for key, value in row.items() if key not in into})
    inner = options.get("mode") == "inner"
    everywhere = [{row[field] for row in frame} for frame in frames]
    return [[row for key, row in sorted(joined.items()) if not inner or all(key in keys for keys in everywhere)]]


def _filter_fields(frames: list[Rows], options: Json) -> list[Rows]:
    names = options["include"]["names"]
    return [[{key: value for key, value in row.items() if key in names} for row in rows] for rows in frames]


def _organize(frames: list[Rows], options: Json) -> list[Rows]:
    excluded = {name for name, out in options.get("excludeByName", {}).items() if out}
    order, renamed = options.get("indexByName", {}), options.get("renameByName", {})

    def organized(row: Mapping[str, Any]) -> dict[str, Any]:
        kept = sorted((key for key in row if key not in excluded), key=lambda key: order.get(key, len(order)))
        return {renamed.get(key) or key: row[key] for key in kept}

    met = [dict.fromkeys(key for row in rows for key in row) for rows in frames]
    columns = [sorted(keys, key=lambda key: order.get(key, len(order))) for keys in met]
    return [
        [organized({key: row.get(key, "") for key in keys}) for row in rows]
        for keys, rows in zip(columns, frames, strict=True)
    ]


def _matrix(frames: list[Rows], options: Json) -> list[Rows]:
    row_field, column_field, value_field = (options[key] for key in ("rowField", "columnField", "valueField"))
    by_row: dict[Any, dict[Any, Any]] = {}
    for row in frames[0] if frames else ():
        by_row.setdefault(row.get(row_field, ""), {})[row.get(column_field, "")] = row[value_field]
    columns = list(dict.fromkeys(column for cells in by_row.values() for column in cells))
    heading = f"{row_field}\\{column_field}"
    return [
        [{heading: name, **{column: cells.get(column, "") for column in columns}} for name, cells in by_row.items()]
    ]


def _sort(frames: list[Rows], options: Json) -> list[Rows]:
    by = options["sort"][0]
    return [
        sorted(
            rows,
            key=lambda row: (row.get(by["field"], "") == "", row.get(by["field"], "")),
            reverse=bool(by.get("desc")),
        )
        for rows in frames
    ]


def _limit(frames: list[Rows], options: Json) -> list[Rows]:
    return [rows[: int(options["limitField"])] for rows in frames]


def _format_time(frames: list[Rows], options: Json) -> list[Rows]:
    pattern = options["outputFormat"]
    for old, new in (("YYYY", "%Y"), ("ddd", "%a"), ("D ", "%-d "), ("MMM", "%b"), ("MM", "%m")):
        pattern = pattern.replace(old, new)
    field = options["timeField"]
    return [
        [{**row, field: datetime.fromtimestamp(row[field], options["zone"]).strftime(pattern)} for row in rows]
        for rows in frames
    ]


REDUCERS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / len(values),
    "last": lambda values: values[-1],
    "lastNotNull": lambda values: values[-1],
    "count": lambda values: float(len(values)),
}


def _group(frames: list[Rows], options: Json) -> list[Rows]:
    fields = options["fields"]
    by = [name for name, what in fields.items() if what["operation"] == "groupby"]
    kept = {name: what["aggregations"] for name, what in fields.items() if what["operation"] == "aggregate"}
    grouped: list[Rows] = []
    for rows in frames:
        groups: dict[tuple[Any, ...], Rows] = {}
        for row in rows:
            groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
        grouped.append(
            [
                {
                    **dict(zip(by, key, strict=True)),
                    **{
                        f"{name} ({how})": REDUCERS[how](values)
                        for name, hows in kept.items()
                        for how in hows
                        if (values := [row[name] for row in each if isinstance(row.get(name), float)])
                    },
                }
                for key, each in groups.items()
            ]
        )
    return grouped


_KNOWN: Mapping[str, Callable[[list[Rows], Json], list[Rows]]] = {
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
