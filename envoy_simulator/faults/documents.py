"""Faults of a document's shape: a value at a path, a list, a key."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

from envoy_simulator.faults.fault import FaultContext, Layer, fault

_LARGE = 8 << 20
"""Bytes at which a list is long enough."""

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
    place = _place(context, document, path, [found for found, _ in leaves(document)])
    if not place:
        return document
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    if becomes == "missing":
        del holder[place[-1]]
    else:
        holder[place[-1]] = _odd(holder[place[-1]], becomes)
    return document


def _odd(value: Any, becomes: str) -> Any:
    plain = value if isinstance(value, int | float) and not isinstance(value, bool) else 1
    return {
        "null": None,
        "numeric-string": str(plain),
        "text": "n/a",
        "true": True,
        "list": [value],
        "object": {"value": value},
        "negative": -abs(plain) - 1,
        "zero": 0,
        "huge": 10**30,
        "float": float(plain) + 0.5,
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
    place = _place(context, document, path, [found for found, _ in containers(document)])
    if not place:
        return document if path else _contained(context, document, kind)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = _contained(context, holder[place[-1]], kind)
    return document


def _contained(context: FaultContext, whole: Any, kind: str) -> Any:
    if not isinstance(whole, list | dict):
        return whole
    if kind == "swapped":
        return dict(enumerate(whole)) if isinstance(whole, list) else list(whole.values())
    if kind == "empty":
        return type(whole)()
    if isinstance(whole, dict):
        parts = list(whole.items())
        damaged = [(key, None) for key, _ in parts[:1]] + parts[1:]
        return dict(
            {"one-null": damaged, "bad-element": [("?", "?"), *parts], "shorter": parts[:-1]}.get(kind, parts[::-1])
        )
    first = whole[:1]
    return {
        "one-null": [None, *whole[1:]],
        "bad-element": ["busy", *whole],
        "reordered": context.random.sample(whole, len(whole)),
        "doubled": whole + first,
        "many": whole + first * min(10_000, _LARGE // len(json.dumps(first))),
        "shorter": whole[:-1],
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
    """The document with each key and value of each object changed, from the inside out."""
    return with_objects(document, lambda one: dict(change(key, value) for key, value in one.items()))


def with_objects(document: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The document with each object changed, from the inside out."""
    if isinstance(document, dict):
        return change({key: with_objects(value, change) for key, value in document.items()})
    if isinstance(document, list):
        return [with_objects(value, change) for value in document]
    return document


def leaves(document: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no other, and where it is."""
    if not isinstance(document, list | dict):
        yield at, document
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield from leaves(value, (*at, key))


def containers(document: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(document, list | dict):
        yield at, document
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from containers(value, (*at, key))


def _place(context: FaultContext, document: Any, path: str, places: list[Path]) -> Path:
    """The keys of a dotted path, numbers for lists, `*` for any of the places; () where there is no such thing."""
    if path == "*":
        return context.random.choice(places) if places else ()
    keys: list[str | int] = []
    for word in path.split(".") if path else ():
        keys.append(int(word) if isinstance(document, list) and word.isdigit() else word)
        try:
            document = document[keys[-1]]
        except (KeyError, IndexError, TypeError):
            return ()
    return tuple(keys)
