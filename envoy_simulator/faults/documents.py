"""Faults of a document's shape: a value at a path, a list, a key."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

from envoy_simulator.faults.fault import FaultContext, Layer, fault

_LARGE = 8 << 20
"""The size in bytes up to which a list is extended."""

Path = tuple[str | int, ...]


@fault(
    Layer.DOCUMENT,
    "values",
    "One value is replaced: the one at `path`, such as production.1.wNow, or a random one (`*`).",
)
def value(
    context: FaultContext,
    document: Any,
    *,
    becomes: Literal[
        "null", "missing", "numeric-string", "text", "true", "list", "object", "negative", "zero", "huge", "float"
    ] = "null",
    path: str = "*",
) -> Any:
    document = copy.deepcopy(document)
    target = _path(context, document, path, [leaf for leaf, _ in leaves(document)])
    if not target:
        return document
    parent = document
    for key in target[:-1]:
        parent = parent[key]
    if becomes == "missing":
        del parent[target[-1]]
    else:
        parent[target[-1]] = _other_value(parent[target[-1]], becomes)
    return document


def _other_value(value: Any, becomes: str) -> Any:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 1
    return {
        "null": None,
        "numeric-string": str(number),
        "text": "n/a",
        "true": True,
        "list": [value],
        "object": {"value": value},
        "negative": -abs(number) - 1,
        "zero": 0,
        "huge": 10**30,
        "float": float(number) + 0.5,
    }[becomes]


@fault(
    Layer.DOCUMENT,
    "endpoint",
    "A list or object is altered: the whole document, the one at `path`, or a random one (`*`).",
)
def container(
    context: FaultContext,
    document: Any,
    *,
    kind: Literal["swapped", "empty", "one-null", "bad-element", "reordered", "doubled", "many", "shorter"] = "swapped",
    path: str = "",
) -> Any:
    document = copy.deepcopy(document)
    target = _path(context, document, path, [parent for parent, _ in containers(document)])
    if not target:
        return document if path else _other_container(context, document, kind)
    parent = document
    for key in target[:-1]:
        parent = parent[key]
    parent[target[-1]] = _other_container(context, parent[target[-1]], kind)
    return document


def _other_container(context: FaultContext, original: Any, kind: str) -> Any:
    if not isinstance(original, list | dict):
        return original
    if kind == "swapped":
        return dict(enumerate(original)) if isinstance(original, list) else list(original.values())
    if kind == "empty":
        return type(original)()
    if isinstance(original, dict):
        items = list(original.items())
        first_null = [(key, None) for key, _ in items[:1]] + items[1:]
        return dict(
            {"one-null": first_null, "bad-element": [("?", "?"), *items], "shorter": items[:-1]}.get(kind, items[::-1])
        )
    first = original[:1]
    return {
        "one-null": [None, *original[1:]],
        "bad-element": ["busy", *original],
        "reordered": context.random.sample(original, len(original)),
        "doubled": original + first,
        "many": original + first * min(10_000, _LARGE // len(json.dumps(first))),
        "shorter": original[:-1],
    }[kind]


@fault(Layer.DOCUMENT, "values", "The document contains something that this firmware does not have.")
def novel(_: FaultContext, document: Any, *, kind: Literal["state", "type", "section", "spelling"] = "state") -> Any:
    if kind == "section":
        return {**document, "quantum": [{"type": "flux"}]} if isinstance(document, dict) else document
    states = ("state", "admin_state_str", "reported_enc_grid_state", "mains_admin_state", "phaseMode", "meteringStatus")
    types = ("type", "devName", "device_type", "devType", "measurementType")

    def change(key: str, value: Any) -> tuple[str, Any]:
        if kind == "spelling":
            return key.removesuffix(":"), value
        if key in (states if kind == "state" else types) and not isinstance(value, list | dict):
            return key, "brand-new" if isinstance(value, str) else 99
        return key, value

    return with_keys(document, change)


def with_keys(document: Any, change: Callable[[str, Any], tuple[str, Any]]) -> Any:
    """The document with each key and value of each object changed, inner objects first."""
    return with_objects(document, lambda entry: dict(change(key, value) for key, value in entry.items()))


def with_objects(document: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The document with each object changed, inner objects first."""
    if isinstance(document, dict):
        return change({key: with_objects(value, change) for key, value in document.items()})
    if isinstance(document, list):
        return [with_objects(value, change) for value in document]
    return document


def leaves(document: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The path and the value of every leaf of the document."""
    if not isinstance(document, list | dict):
        yield at, document
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield from leaves(value, (*at, key))


def containers(document: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The path and the value of every list and object of the document."""
    if isinstance(document, list | dict):
        yield at, document
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from containers(value, (*at, key))


def _path(context: FaultContext, document: Any, path: str, candidates: list[Path]) -> Path:
    """The keys of a dotted path (numbers for lists), or a random candidate for `*`; () if the path does not exist."""
    if path == "*":
        return context.random.choice(candidates) if candidates else ()
    keys: list[str | int] = []
    for word in path.split(".") if path else ():
        keys.append(int(word) if isinstance(document, list) and word.isdigit() else word)
        try:
            document = document[keys[-1]]
        except (KeyError, IndexError, TypeError):
            return ()
    return tuple(keys)
