"""YAML with every scalar as a string, and the line of each key and value.

YAML's own types turn `password: 012345` into 5349 and a key `on:` into True, and a repeated key silently replaces the
first. Here a scalar stays the text of the file, and the class that it is read into decides its type.
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
_QUOTED = re.compile(r"""("[^"]*")|'([^']*)'""")
"""Quoted text in an error of PyYAML."""
_EMPTY_VALUE = "is empty; quote a value that starts with #, ! or &, and write an empty password as ''"
_MAX_DEPTH = 8
"""A YAML alias inside of the node that it refers to makes an endless structure."""


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed file: the values, the line of each path, and the problems of the YAML itself.

    `names`: the name of a path in errors, for example that of an environment variable.
    """

    raw: Raw
    lines: Mapping[Path, int]
    problems: tuple[tuple[Path, str], ...] = ()
    is_yaml: bool = True
    names: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))


def parse(text: str) -> Text:
    """The parsed text. Invalid YAML has one problem and `is_yaml` False."""
    lines: dict[Path, int] = {}
    problems: list[tuple[Path, str]] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines[()] = mark.line + 1 if mark else 1
        message = str(error.problem or error.context)
        is_tab = "'\\t'" in message
        message = _QUOTED.sub(_without_excerpt, message)
        if mark and "${" in "".join(text.splitlines()[mark.line : mark.line + 1]):
            message = 'quote a value that starts with ${: write "${NAME}"'
        elif is_tab:
            message = "found a tab; indent with spaces"
        elif "alias" in message or "cannot start" in message:
            message += "; quote a value that starts with a special character"
        return Text({}, lines, (((), f"invalid YAML: {message}"),), is_yaml=False)
    except yaml.YAMLError:
        return Text({}, {(): 1}, (((), "invalid YAML: found a character that YAML does not allow"),), is_yaml=False)
    raw = {} if node is None else _raw(node, (), lines, problems)
    return Text(raw, lines, tuple(problems))


def _without_excerpt(quoted: re.Match[str]) -> str:
    """A single character or a name of YAML; not text of the file: `password: *hunter2` is an alias to PyYAML."""
    text = quoted[2]
    return quoted[0] if text is None or len(text) == 1 or text.startswith("<") else "'\u2026'"


def _raw(node: yaml.Node, path: Path, lines: dict[Path, int], problems: list[tuple[Path, str]]) -> Raw:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > _MAX_DEPTH:
        problems.append((path[:1], "is nested too deeply"))
        return ""
    if isinstance(node, yaml.SequenceNode):
        return [_raw(item, (*path, index), lines, problems) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return str(node.value)
    mapping: dict[str, Raw] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            problems.append((path, f"invalid key on line {key.start_mark.line + 1}; a key must be plain text"))
            continue
        below = (*path, str(key.value))
        if below in lines:
            problems.append((below, f"duplicate key, already set on line {lines[below]}"))
        lines[below] = key.start_mark.line + 1
        if key.value == "password" and isinstance(value, yaml.ScalarNode) and not value.value and value.style is None:
            problems.append((below, _EMPTY_VALUE))
        mapping[str(key.value)] = _raw(value, below, lines, problems)
    return mapping


def path_text(path: Path) -> str:
    """The path as text: `gateways[0].tls.fingerprint`."""
    text = "".join(
        f"[{step}]" if isinstance(step, int) else f".{key_text(path[: at + 1])}" for at, step in enumerate(path)
    )
    return text.removeprefix(".")


def key_text(path: Path) -> str:
    """The last key of the path, without a secret in it.

    Only its first word: without a space after the colon, `{password:hunter2}` is a key in YAML. The user names of the
    web config file are not shown.
    """
    *parents, key = path
    first = _FIRST_WORD.match(str(key))
    word = first[0] if first and parents != ["basic_auth_users"] else ""
    return word if word == key else f"{word}\u2026"


def invalid(what: str, raw: Raw) -> str:
    """The start of an error: "invalid duration 'soon'".

    A value of several words is not repeated: the second word may belong to the next line of the file, a password.
    """
    return f"invalid {what}" + (f" {raw!r}" if isinstance(raw, str) and _ONE_WORD.fullmatch(raw) else "")
