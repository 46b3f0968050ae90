"""What a table of rows demands of a recording: paths through JSON, joins between files, Python expressions.

Nothing in here knows a gateway: all of that is in `numbers.table`, which says how to read it.
"""

import json
import math
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from support.exposition import Key, key

from captures.table import Row, Table

Scope = ChainMap[str, Any]
_SEGMENT = re.compile(r"(?P<name>[^.\[<]*)(?P<choice>(?:\[[^\]]*\]|<\w+>)*)(?:\.|$)")
_BUILTINS = {"abs": abs, "any": any, "int": int, "len": len, "min": min, "round": round, "sum": sum}


class Recording:
    """The files of one gateway, and what a table finds in them. `known`: what is known of it from elsewhere."""

    def __init__(self, folder: Path, table: Table, known: Mapping[str, str]) -> None:
        self._folder = folder
        self._table = table
        self._known = known
        self._files: dict[str, Any] = {}

    def demands(self) -> Iterator[tuple[Row, Key, float]]:
        """Every number that has to be exposed, and the row that says so."""
        for row in self._table.rows:
            for scope in self._find(row.place, self._scope({}, self._known)):
                if row.condition and not self._value(row.condition, scope):
                    continue
                # A number is a field of the place itself: one of an object around it would be another number.
                number = self._value(row.field, self._scope(scope.maps[0]))
                if isinstance(number, int | float):
                    yield row, key(row.family, **_labels(row.labels, scope)), _scaled(float(number), row.factor)

    def _find(self, place: str, scope: Scope) -> Iterator[Scope]:
        """The places of a chain `FILE: PATH -> FILE: PATH`: each path starts anew, and still sees those before it."""
        step, _, rest = place.partition(" -> ")
        files, _, path = step.partition(":")
        document = next((found for name in files.split("|") if (found := self._file(name)) is not None), None)
        for found in self._walk(document, path.strip(), self._scope(document, *scope.maps)):
            yield from self._find(rest, found) if rest else [found]

    def _walk(self, node: Any, path: str, scope: Scope) -> Iterator[Scope]:
        if node is None:
            return
        if not path:
            yield scope
            return
        segment = _SEGMENT.match(path)
        assert segment, path
        conditions = re.findall(r"\[([^\]]*)\]", segment["choice"])
        equals = re.findall(r"<(\w+)>", segment["choice"])
        children = _children(node, segment["name"].format_map(scope), selecting=bool(conditions))
        for n, (name, child) in enumerate(children, 1):
            position = {"n": n, "key": name, "nth": partial(_nth, [each for _, each in children[:n]])}
            inner = self._scope(child, position, *scope.maps)
            joined = all(field in inner.maps[0] and inner[field] == scope[field] for field in equals)
            if joined and all(self._value(condition, inner) for condition in conditions):
                yield from self._walk(child, path[segment.end() :], inner)

    def _scope(self, node: Any, *outer: Any) -> Scope:
        return ChainMap({**node} if isinstance(node, dict) else {}, {"item": node, "each": self.each}, *outer)

    def each(self, name: str, field: str | None = None) -> list[Any]:
        """For expressions: all that is found at a named place, or one field of it wherever it has that field."""
        found = [scope.maps[0] for scope in self._find(self._table.names[name], self._scope({}, self._known))]
        return [node[field] for node in found if field in node] if field else found

    def _value(self, expression: str, scope: Scope) -> Any:
        """None where a name of it is not there, or is no number."""
        try:
            return eval(expression, {"__builtins__": _BUILTINS}, scope)  # noqa: S307  # the table is our own
        except (NameError, TypeError):
            return None

    def _file(self, name: str) -> Any:
        if name not in self._files:
            self._files[name] = _read(self._folder / name)
        return self._files[name]


def _children(node: Any, name: str, *, selecting: bool) -> list[tuple[Any, Any]]:
    """What a segment leads to, by name: everything for `*`, itself for none, a list's items where they are selected."""
    if name == "*":
        return list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    child = node if not name else node.get(name) if isinstance(node, dict) else None
    if selecting and isinstance(child, list):
        return list(enumerate(child))
    return [] if child is None else [(name, child)]


def _nth(items: list[Any], field: str) -> int:
    """How many of them have the field as the last of them has it."""
    values = [item.get(field) for item in items if isinstance(item, dict)]
    return values.count(values[-1])


def _labels(template: str, scope: Scope) -> dict[str, str]:
    """`serial={sn} phase=L{n} metered={imeter?}`: fields of the scope; a `?` makes an absent one the empty text."""
    optional = dict.fromkeys(re.findall(r"{(\w+)\?}", template), "")
    values = ChainMap(dict(scope), optional)
    pairs = (pair.partition("=") for pair in template.replace("?}", "}").split())
    return {name: value.format_map(values) for name, _, value in pairs}


def _scaled(number: float, factor: str) -> float:
    by = float(factor[1:]) if factor else 1.0
    return number / by if factor.startswith("/") else number * by


def _read(file: Path) -> Any:
    """A JSON or XML document; None where the gateway refused it, or answered with something else."""
    log = file.with_name(f"{file.name}_log.json")
    if not file.is_file() or (log.is_file() and json.loads(log.read_bytes())["code"] != 200):
        return None
    body = file.read_bytes()
    if body.startswith(b"<?xml"):
        return _tree(ET.fromstring(body))  # noqa: S314  # a recording, not the network
    try:
        return json.loads(body)
    except ValueError:
        return None


def _tree(element: ET.Element) -> Any:
    return {child.tag: _tree(child) for child in element} if len(element) else (element.text or "").strip()


def equal(exposed: float, demanded: float) -> bool:
    return math.isclose(exposed, demanded, rel_tol=1e-9)
