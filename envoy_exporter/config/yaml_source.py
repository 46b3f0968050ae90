"""YAML with every scalar a string, and the line on which each thing stands.

YAML's own types turn `password: 012345` into 5349 and a key `on:` into True, and let a repeated key win in
silence. Here a value is what was written, and its type is decided by what it is for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import yaml

Raw: TypeAlias = "str | list[Raw] | dict[str, Raw]"
Path: TypeAlias = tuple[str | int, ...]

_FIRST_WORD = re.compile(r"[^\W_][\w.-]{0,63}")
_ONE_WORD = re.compile(r"[\w./%+-]{1,64}")
_LONGER = re.compile(r"'(?!<)[^']{2,}'")
"""What PyYAML quotes of the file, but for a single sign: `password: *hunter2` is an alias to it."""
_LOST = "is empty; put it in quotes, as YAML takes what begins with # ! or & for its own. An empty one is ''"
_DEEPEST = 8
"""An alias of YAML may stand inside of what it names, and never end."""


@dataclass(frozen=True, slots=True)
class Text:
    """What was read, and where: the line of each path. `problems` are those of the YAML itself, with their path.

    `names`: what a path is called for people, where they have never seen it.
    """

    raw: Raw
    lines: Mapping[Path, int]
    problems: tuple[tuple[Path, str], ...] = ()
    is_yaml: bool = True
    names: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))


def parse(text: str) -> Text:
    """Read YAML. What is no YAML at all comes as one problem."""
    lines: dict[Path, int] = {}
    problems: list[tuple[Path, str]] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines[()] = mark.line + 1 if mark else 1
        words = _LONGER.sub("what stands there", str(error.problem or error.context))
        if "'\\t'" in str(error.problem):
            return Text(
                {}, lines, (((), "this is not YAML: a tab stands there, where YAML has blanks"),), is_yaml=False
            )
        advice = "; what begins with a sign stands in quotes" if "alias" in words or "cannot start" in words else ""
        return Text({}, lines, (((), f"this is not YAML: {words}{advice}"),), is_yaml=False)
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
        if key.value == "password" and isinstance(value, yaml.ScalarNode) and not value.value and value.style is None:
            problems.append((below, _LOST))
        mapping[str(key.value)] = _raw(value, below, lines, problems)
    return mapping


def shown(path: Path) -> str:
    """`gateways[0].tls.fingerprint`."""
    text = "".join(
        f"[{each}]" if isinstance(each, int) else f".{_key(path[:at], each)}" for at, each in enumerate(path)
    )
    return text.removeprefix(".")


def _key(path: Path, key: str) -> str:
    """Its first word: `{password:hunter2}` is a key to YAML, for the blank that is missing. Accounts have no name."""
    first = _FIRST_WORD.match(key)
    word = first[0] if first and path != ("basic_auth_users",) else ""
    return word if word == key else f"{word}\u2026"


def quoted(raw: Raw) -> str:
    """A value as a problem may repeat it: of more than one word the second may be a line too much, with a password."""
    return repr(raw) if isinstance(raw, str) and _ONE_WORD.fullmatch(raw) else "this"
