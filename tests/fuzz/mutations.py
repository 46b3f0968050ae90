"""What can be wrong with an answer: each place of it, and what may stand there instead.

`MISSING` takes the place out. A token is written into the JSON as it stands, for what no Python value says.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

from envoy_exporter.documents import Json
from fuzz.plants import Plant

Path = tuple[str | int, ...]
MISSING: Final = object()
_MARK = "@token@"


@dataclass(frozen=True)
class Token:
    """Put into the JSON unquoted."""

    text: str


class Kind(Enum):
    """What may be claimed of a mutation: see `claims`."""

    MISSING = "missing"
    """It is not there: less is said."""
    WRONG = "wrong"
    """Nothing that could be meant: the same as if it were not there."""
    NUMBER = "number"
    """Another number, or another truth."""
    TEXT = "text"
    """Another text."""
    SAME = "same"
    """It says the same as before."""
    ANY = "any"
    """Nothing is claimed but that the scrape is valid."""


@dataclass(frozen=True)
class Mutation:
    """Something stands at a place of a document instead of what stood there."""

    plant: Plant
    endpoint: str
    path: Path
    name: str
    kind: Kind
    value: object

    @cached_property
    def body(self) -> bytes:
        return dumped(mutated(self.plant.content(self.endpoint), self.path, self.value))

    @cached_property
    def before(self) -> Json:
        return at(self.plant.content(self.endpoint), self.path)

    @property
    def is_element(self) -> bool:
        return bool(self.path) and isinstance(self.path[-1], int)

    @property
    def reference(self) -> "Mutation":
        """The place taken out; in a list null, for behind an element that is taken out the others move up."""
        value = None if self.is_element or not self.path else MISSING
        return Mutation(self.plant, self.endpoint, self.path, "missing", Kind.MISSING, value)

    @property
    def pattern(self) -> str:
        """The path with every place of a list, and every number that is a key, as []."""
        return pattern(self.path)

    def __str__(self) -> str:
        return f"{self.plant.name} {self.endpoint} {'.'.join(map(str, self.path)) or '(all)'} {self.name}"


def pattern(path: Path) -> str:
    return ".".join("[]" if isinstance(step, int) or step.isdigit() else step for step in path)


def dumped(content: object) -> bytes:
    """As JSON, with its tokens."""
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
    """A copy with something else at the path."""
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
_INSTEAD: tuple[tuple[str, object], ...] = (
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
_BEYOND = frozenset({"huge", "huge float", "1e999", "-1e999"})
_SAID_BY_WORDS = frozenset({"text", "odd text", "empty text", "numeric text"})


def of(plant: Plant) -> Iterator[Mutation]:
    """Every place of every JSON document, with all that is tried there."""
    for endpoint in plant.bodies:
        for path, before in places(plant.content(endpoint)):
            if before is not None or path:
                yield from _at(plant, endpoint, path, before)


def _at(plant: Plant, endpoint: str, path: Path, before: Json) -> Iterator[Mutation]:
    if path:
        # behind a phase that is taken out the others move up, and nothing else tells them apart
        moved = isinstance(path[-1], int) and path[-2:-1] in {(each,) for each in POSITIONAL}
        yield Mutation(plant, endpoint, path, "missing", Kind.ANY if moved else Kind.MISSING, MISSING)
    for name, value in _INSTEAD:
        yield Mutation(plant, endpoint, path, name, kind(name, value, before), value)
    if isinstance(before, bool):
        yield Mutation(plant, endpoint, path, "the contrary", Kind.NUMBER, not before)
    if isinstance(before, list):
        yield from _containers(plant, endpoint, path, before)
    if isinstance(before, dict) and before:
        yield Mutation(plant, endpoint, path, "unknown key", Kind.SAME, {**before, "unknown": {"value": [1]}})
        yield Mutation(plant, endpoint, path, "duplicate keys", Kind.SAME, Token(_doubled(before)))
        yield Mutation(plant, endpoint, path, "reordered", Kind.SAME, dict(reversed(before.items())))


def kind(name: str, value: object, before: Json) -> Kind:
    """What is claimed of a value, by what stood in its place."""
    if before is None:
        return Kind.ANY
    if isinstance(before, bool):
        return Kind.NUMBER if value is True else Kind.WRONG
    if isinstance(before, str):
        numbers = isinstance(value, int | float) and not isinstance(value, bool)
        return Kind.TEXT if name in _SAID_BY_WORDS or (numbers and name not in _BEYOND) else Kind.WRONG
    if isinstance(before, int | float):
        numbers = isinstance(value, int | float) and not isinstance(value, bool)
        return Kind.NUMBER if numbers and name not in _BEYOND else Kind.WRONG
    return Kind.MISSING if type(value) is type(before) else Kind.WRONG


def _containers(plant: Plant, endpoint: str, path: Path, before: list[Json]) -> Iterator[Mutation]:
    devices = Kind.SAME if any(isinstance(each, dict) for each in before) else Kind.ANY
    yield Mutation(plant, endpoint, path, "a null more", devices, [*before, None])
    yield Mutation(plant, endpoint, path, "a bad one more", devices, [*before, "bad", [[]], 1])
    if before:
        yield Mutation(plant, endpoint, path, "turned round", Kind.ANY, before[::-1])
        yield Mutation(plant, endpoint, path, "doubled", Kind.ANY, [*before, *before])


def _doubled(before: dict[str, Json]) -> str:
    """Each key twice, the second of which counts, as everywhere."""
    members = ((json.dumps(key), json.dumps(each)) for key, each in before.items())
    return "{" + ", ".join(f"{key}: null, {key}: {each}" for key, each in members) + "}"
