"""YAML with every scalar a string, and the line on which each thing stands.

YAML's own types turn `password: 012345` into 5349 and a key `on:` into True, and let a repeated key win in
silence. Here a value is what was written, and its type is decided by what it is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import yaml

Raw: TypeAlias = "str | list[Raw] | dict[str, Raw]"
Path: TypeAlias = tuple[str | int, ...]

_DEEPEST = 8
"""An alias of YAML may stand inside of what it names, and never end."""


@dataclass(frozen=True, slots=True)
class Text:
    """What was read, and where: the line of each path. `problems` are those of the YAML itself, with their path."""

    raw: Raw
    lines: Mapping[Path, int]
    problems: tuple[tuple[Path, str], ...] = ()
    is_yaml: bool = True


def parse(text: str) -> Text:
    """Read YAML. What is no YAML at all comes as one problem."""
    lines: dict[Path, int] = {}
    problems: list[tuple[Path, str]] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines[()] = mark.line + 1 if mark else 1
        return Text({}, lines, (((), f"this is not YAML: {error.problem or error.context}"),), is_yaml=False)
    except yaml.YAMLError:
        return Text({}, {(): 1}, (((), "this is not YAML: it has a character that YAML forbids"),), is_yaml=False)
    raw = {} if node is None else _raw(node, (), lines, problems)
    return Text(raw, lines, tuple(problems))


def _raw(node: yaml.Node, path: Path, lines: dict[Path, int], problems: list[tuple[Path, str]]) -> Raw:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > _DEEPEST:
        problems.append((path[:1], "is nested too deep"))
        return ""
    if isinstance(node, yaml.SequenceNode):
        return [_raw(each, (*path, index), lines, problems) for index, each in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return str(node.value)
    mapping: dict[str, Raw] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            problems.append((path, f"has a key on line {key.start_mark.line + 1} that is no plain text"))
            continue
        below = (*path, str(key.value))
        if below in lines:
            problems.append((below, f"stands twice, here and on line {lines[below]}"))
        lines[below] = key.start_mark.line + 1
        mapping[str(key.value)] = _raw(value, below, lines, problems)
    return mapping


def shown(path: Path) -> str:
    """`gateways[0].tls.fingerprint`."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")
