"""Converts YAML to frozen classes, and collects all problems: the path, what is invalid and what is expected."""

import difflib
import pathlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, TypeVar, get_origin

import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from envoy_exporter.secret import Secret

from . import hosts, model, values, yaml_source
from .model import CollectorSettings
from .yaml_source import Path, Raw, Text

_Class = TypeVar("_Class")

Problem = tuple[Path, str]


_GATEWAY_SYNONYMS = {
    "user": "local.username",
    "username": "local.username",
    "password": "local.password",
    "password_file": "local.password_file",
    "url": "host",
    "address": "host",
    "port": "host: NAME:PORT",
}
"""Keys that users write beside `host`, and the valid key for each."""


class ConfigError(Exception):
    """An invalid config. `problems` has one line for each problem."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NoConfig(ConfigError):
    """Neither a file nor variables of the environment."""


def read(path: pathlib.Path) -> Text:
    """The parsed file. Raises ConfigError."""
    try:
        return yaml_source.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: invalid text; the file must be UTF-8"]) from None


def structure(raw: Raw, cls: type[_Class]) -> tuple[_Class | None, list[Problem]]:
    """An object of the class, or all problems."""
    try:
        return _CONVERTER.structure(raw, cls), []
    except Exception as error:  # noqa: BLE001  # cattrs groups whatever the hooks raise
        return None, list(_problems(error, ()))


def config_error(source: str, text: Text, problems: Iterable[Problem]) -> ConfigError:
    """One line for each problem: `FILE:LINE: PATH: MESSAGE`, in the order of the file."""
    lines = sorted(
        {
            (_line(text, path), text.names.get(path) or yaml_source.path_text(path), message)
            for path, message in problems
        }
    )
    return ConfigError(
        [": ".join(filter(None, (f"{source}:{line}" if line else source, *rest))) for line, *rest in lines]
    )


def _line(text: Text, path: Path) -> int:
    """The line of the path, or of its nearest parent with a line; 0 without one."""
    return next((text.lines[path[:length]] for length in range(len(path), -1, -1) if path[:length] in text.lines), 0)


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """An error with the closest valid name, or all valid names."""
    return f'unknown {what} "{name}" {_suggestion(name, known)}'


def _suggestion(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f'(did you mean "{near[0]}"?)' if near else f"(valid: {', '.join(known)})"


_VALUES: dict[Any, Callable[[Raw], object]] = {
    str: values.text,
    bool: values.boolean,
    float: values.number,
    pathlib.Path: values.path,
    Secret: values.secret,
    hosts.Host: lambda raw: hosts.parse(values.text(raw)),
    model.Duration: values.duration,
    model.Interval: values.interval,
    model.Timeout: values.timeout,
    model.Name: values.name,
    model.Serial: values.serial,
    model.Scheme: values.scheme,
    model.Fingerprint: values.fingerprint,
    model.Zone: values.zone,
    model.KeepAlive: values.keep_alive,
    model.SecretFile: values.secret_file,
    model.Token: values.token,
    model.Username: values.username,
    model.Url: values.url,
    model.CaFile: values.ca_file,
    model.InverterSerial: values.inverter_serial,
    model.LabelText: values.label_text,
    model.Position: values.position,
    model.PeakWatts: values.peak_watts,
    model.Azimuth: values.azimuth,
    model.Tilt: values.tilt,
    model.BcryptHash: values.bcrypt_hash,
    model.HeaderName: values.header_name,
    model.HeaderText: values.header_text,
    model.ClientAuth: values.client_auth,
    model.TlsVersion: values.tls_version,
    model.CipherSuites: values.cipher_suites,
    model.Curves: values.curves,
    model.RateInterval: values.rate_interval,
    model.Burst: values.burst,
}


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    for cls, read_value in _VALUES.items():
        converter.register_structure_hook(cls, partial(lambda read, raw, _: read(raw), read_value))
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda cls: partial(_container, dict, make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)),
    )
    converter.register_structure_hook_factory(
        partial(_has_origin, Mapping),
        lambda cls: partial(_container, dict, mapping_structure_factory(cls, converter)),
    )
    converter.register_structure_hook_factory(
        partial(_has_origin, tuple),
        lambda cls: partial(_container, list, homogenous_tuple_structure_factory(cls, converter)),
    )
    mapping = converter.get_structure_hook(CollectorSettings)
    converter.register_structure_hook(
        CollectorSettings, lambda raw, cls: mapping(raw if isinstance(raw, dict) else {"enabled": raw}, cls)
    )
    return converter


def _has_origin(origin: object, cls: Any) -> bool:
    return get_origin(cls) is origin


def _container(required: type, structure: Callable[[Any, Any], Any], raw: Raw, cls: Any) -> Any:
    """cattrs reads a text as a list of letters, and its error for a list instead of a mapping is unclear."""
    if isinstance(raw, required):
        return structure(raw, cls)
    raise ValueError(
        "must be a mapping of keys to values" if required is dict else 'must be a list (prefix each item with "- ")'
    )


_CONVERTER = _converter()


def _problems(error: BaseException, path: Path) -> Iterator[tuple[Path, str]]:
    """The problems in an exception group of cattrs; notes on the exceptions have the next steps of the path."""
    if isinstance(error, BaseValidationError):
        for child in error.exceptions:
            notes = getattr(child, "__notes__", ())
            names = [note.name for note in notes if isinstance(note, AttributeValidationNote)]
            indexes = [note.index for note in notes if isinstance(note, IterableValidationNote)]
            yield from _problems(child, (*path, *names, *indexes))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in fields(error.cl)]
        for key in sorted(error.extra_fields):
            suggestion = _suggestion(key, known)
            if "host" in known and key in _GATEWAY_SYNONYMS:
                suggestion = f'(did you mean "{_GATEWAY_SYNONYMS[key]}"?)'
            elif ":" in key:
                suggestion = "(add a space after the colon)"
            yield (*path, key), f'unknown key "{yaml_source.key_text((*path, key))}" {suggestion}'
    elif isinstance(error, KeyError):
        yield path, "required key is missing"
    else:
        yield path, str(error)


def contradictions(raw: Raw, path: Path = ()) -> Iterator[Problem]:
    """Secrets that are set both directly and by a file."""
    children: Iterable[tuple[str | int, Raw]] = ()
    if isinstance(raw, dict):
        children = raw.items()
        for key, file in (("password", "password_file"), ("token", "token_file")):
            if key in raw and file in raw:
                yield (*path, file), f"conflicts with {key}; set only one of the two"
    elif isinstance(raw, list):
        children = enumerate(raw)
    for step, child in children:
        yield from contradictions(child, (*path, step))
