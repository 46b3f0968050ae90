"""Mutations of a response: each place of a document with each replacement.

`MISSING` removes the place. A `Token` is written into the JSON literally, for what is not a Python value.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from envoy_exporter.documents import Json
from fuzz.gateways import GatewayBodies

Path = tuple[str | int, ...]
MISSING: Final = object()
_MARK = "@token@"


@dataclass(frozen=True)
class Token:
    """Written into the JSON without quotes."""

    text: str


class Kind(Enum):
    """What a mutation may change: see `invariants`."""

    MISSING = "missing"
    """The place is missing: samples disappear."""
    WRONG = "wrong"
    """An invalid value: the same as a missing one."""
    NUMBER = "number"
    """Another number, or another boolean."""
    TEXT = "text"
    """Another text."""
    SAME = "same"
    """Another form of the same content."""
    ANY = "any"
    """The scrape must only be valid."""


@dataclass(frozen=True)
class Mutation:
    """Another value at a place of a document."""

    gateway: GatewayBodies
    endpoint: str
    path: Path
    name: str
    kind: Kind
    value: object

    @cached_property
    def body(self) -> bytes:
        return dumped(mutated(self.gateway.content(self.endpoint), self.path, self.value))

    @cached_property
    def before(self) -> Json:
        return at(self.gateway.content(self.endpoint), self.path)

    @property
    def is_element(self) -> bool:
        return bool(self.path) and isinstance(self.path[-1], int)

    @property
    def reference(self) -> "Mutation":
        """The place removed; in a list null, because removing an element would move those after it."""
        value = None if self.is_element or not self.path else MISSING
        return Mutation(self.gateway, self.endpoint, self.path, "missing", Kind.MISSING, value)

    @property
    def pattern(self) -> str:
        """The path with [] for each index of a list and for each key that is a number."""
        return pattern(self.path)

    def __str__(self) -> str:
        return f"{self.gateway.name} {self.endpoint} {'.'.join(map(str, self.path)) or '(all)'} {self.name}"


def pattern(path: Path) -> str:
    return ".".join("[]" if isinstance(step, int) or step.isdigit() else step for step in path)


def dumped(content: object) -> bytes:
    """The content as JSON, with its tokens."""
    tokens: list[str] = []

    def mark(token: object) -> str:
        assert isinstance(token, Token)
        tokens.append(token.text)
        return f"{_MARK}{len(tokens) - 1}"

    text = json.dumps(content, default=mark)
    for place, token in enumerate(tokens):
        text = text.replace(f'"{_MARK}{place}"', token, 1)
    return text.encode()


def at(content: Json, path: Path) -> Json:
    for step in path:
        content = content[step]  # type: ignore[index]
    return content


def mutated(content: Json, path: Path, value: object) -> object:
    """A copy with another value at the path."""
    if not path:
        return value
    root = copy.copy(content)
    parent: object = root
    for step in path[:-1]:
        child = copy.copy(parent[step])  # type: ignore[index]
        parent[step] = child  # type: ignore[index]
        parent = child
    if value is MISSING:
        del parent[path[-1]]  # type: ignore[attr-defined]
    else:
        parent[path[-1]] = value  # type: ignore[index]
    return root


def places(content: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    yield path, content
    children = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, child in children:
        yield from places(child, (*path, step))


POSITIONAL = ("channels", "lines")
HUGE = 10**400
ODD_TEXT = "a\x00b\x1b[31mc\rd\u2028e\ud800f"
_REPLACEMENTS: tuple[tuple[str, object], ...] = (
    ("null", None),
    ("text", "text"),
    ("numeric text", "1"),
    ("true", True),
    ("list", []),
    ("object", {}),
    ("a list of null", [None]),
    ("an object of null", {"": None}),
    ("negative", -1),
    ("zero", 0),
    ("float", 0.5),
    ("huge", HUGE),
    ("huge float", 1e308),
    ("1e999", Token("1e999")),
    ("-1e999", Token("-1e999")),
    ("more", 1.25),
    ("odd text", ODD_TEXT),
    ("empty text", ""),
)
_OUT_OF_RANGE = frozenset({"huge", "huge float", "1e999", "-1e999"})
_TEXTS = frozenset({"text", "odd text", "empty text", "numeric text"})


def mutations_of(gateway: GatewayBodies) -> Iterator[Mutation]:
    """Every place of every JSON document, with each replacement."""
    for endpoint in gateway.bodies:
        for path, before in places(gateway.content(endpoint)):
            if before is not None or path:
                yield from _at(gateway, endpoint, path, before)


def _at(gateway: GatewayBodies, endpoint: str, path: Path, before: Json) -> Iterator[Mutation]:
    if path:
        # when a phase is removed the next ones move up: only the index identifies them
        moved = isinstance(path[-1], int) and path[-2:-1] in {(name,) for name in POSITIONAL}
        yield Mutation(gateway, endpoint, path, "missing", Kind.ANY if moved else Kind.MISSING, MISSING)
    for name, value in _REPLACEMENTS:
        yield Mutation(gateway, endpoint, path, name, kind(name, value, before), value)
    if isinstance(before, bool):
        yield Mutation(gateway, endpoint, path, "inverted", Kind.NUMBER, not before)
    if isinstance(before, list):
        yield from _containers(gateway, endpoint, path, before)
    if isinstance(before, dict) and before:
        yield Mutation(gateway, endpoint, path, "unknown key", Kind.SAME, {**before, "unknown": {"value": [1]}})
        yield Mutation(gateway, endpoint, path, "duplicate keys", Kind.SAME, Token(_doubled(before)))
        yield Mutation(gateway, endpoint, path, "reordered", Kind.SAME, dict(reversed(before.items())))


def kind(name: str, value: object, before: Json) -> Kind:
    """The kind of a replacement, which depends on the value before."""
    if before is None:
        return Kind.ANY
    if isinstance(before, bool):
        return Kind.NUMBER if value is True else Kind.WRONG
    if isinstance(before, str):
        numbers = isinstance(value, int | float) and not isinstance(value, bool)
        return Kind.TEXT if name in _TEXTS or (numbers and name not in _OUT_OF_RANGE) else Kind.WRONG
    if isinstance(before, int | float):
        numbers = isinstance(value, int | float) and not isinstance(value, bool)
        return Kind.NUMBER if numbers and name not in _OUT_OF_RANGE else Kind.WRONG
    return Kind.MISSING if type(value) is type(before) else Kind.WRONG


def _containers(gateway: GatewayBodies, endpoint: str, path: Path, before: list[Json]) -> Iterator[Mutation]:
    devices = Kind.SAME if any(isinstance(item, dict) for item in before) else Kind.ANY
    yield Mutation(gateway, endpoint, path, "a null added", devices, [*before, None])
    yield Mutation(gateway, endpoint, path, "invalid items added", devices, [*before, "bad", [[]], 1])
    if before:
        yield Mutation(gateway, endpoint, path, "reversed", Kind.ANY, before[::-1])
        yield Mutation(gateway, endpoint, path, "doubled", Kind.ANY, [*before, *before])


def _doubled(before: dict[str, Json]) -> str:
    """Each key twice; the second one is used."""
    members = ((json.dumps(key), json.dumps(item)) for key, item in before.items())
    return "{" + ", ".join(f"{key}: null, {key}: {member}" for key, member in members) + "}"
