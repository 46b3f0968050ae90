"""Documents written by a test, and what a collector reads from them."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from envoy_exporter.collectors.collector import Collector, Context, Result, Settings
from envoy_exporter.documents import INFO, Document, Documents, Json
from envoy_exporter.families import Reading

NOW = 1_781_000_000.0
_Reading = TypeVar("_Reading")


def information(firmware: str = "D8.3.5169", imeter: str = "true", **more: Json) -> Json:
    """`/info` of a gateway whose clock is that of the test."""
    device: dict[str, Json] = {"sn": "122012345678", "pn": "800-00555-r03", "software": firmware, "imeter": imeter}
    return {"time": str(int(NOW)), "device": device, **more}


def documents(available: Mapping[str, Json], absent: tuple[str, ...] = ()) -> Documents:
    """These documents, and `/info` of a metered gateway with firmware 8.3 unless they contain another one."""
    contents = {INFO: information(), **available}
    return Documents(
        {name: Document(content, requested_at=NOW) for name, content in contents.items()}, frozenset(absent)
    )


def read(
    collector: Collector[Any], available: Mapping[str, Json], absent: tuple[str, ...] = (), memory: object = None
) -> Result[Any]:
    return read_documents(collector, documents(available, absent), memory=memory)


def read_documents(
    collector: Collector[Any],
    documents: Documents,
    settings: Settings | None = None,
    memory: object = None,
    now: float = NOW,
) -> Result[Any]:
    """The result of a collector. Without `memory` it is its first reading."""
    before = collector.memory if memory is None else memory
    return collector.read(Context(documents, settings or Settings(), before, now))


def of(kind: type[_Reading], read: Result[Any]) -> list[_Reading]:
    return [reading for reading in read.readings if isinstance(reading, kind)]


def one(kind: type[_Reading], read: Result[Any]) -> _Reading:
    (only,) = of(kind, read)
    return only


def rejected_by(read: Result[Any]) -> list[str]:
    """The rules that rejected values, one for each value."""
    return [rejection.rule for rejection in read.rejections]


def numbers(reading: Reading) -> Iterator[float]:
    for field in fields(reading):
        value = getattr(reading, field.name)
        if isinstance(value, int | float):
            yield value


def check(read: Result[Any]) -> None:
    """Invariants of every reading: finite numbers, no minus zero, no negative counter."""
    for reading in read.readings:
        for number in numbers(reading):
            assert math.isfinite(number), reading
            assert math.copysign(1, number) > 0 or number != 0, "minus zero"
        for field in fields(reading):
            family = field.metadata.get("family")
            value = getattr(reading, field.name)
            if family is not None and family.type == "counter" and value is not None:
                assert value >= 0, reading


def copied(content: Json) -> Json:
    copy: Json = json.loads(json.dumps(content))
    return copy
