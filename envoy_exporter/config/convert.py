"""From YAML to frozen classes, with every problem told at once: where it stands, what it is, what to write."""

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

_Kind = TypeVar("_Kind")

Problem = tuple[Path, str]


_ELSEWHERE = {
    "user": "local.username",
    "username": "local.username",
    "password": "local.password",
    "password_file": "local.password_file",
    "url": "host",
    "address": "host",
    "port": "host: NAME:PORT",
}
"""What people write beside `host`, and mean."""


class ConfigError(Exception):
    """`problems`: all of them, a line each."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class NoConfig(ConfigError):
    """There is none at all."""


def read(path: pathlib.Path) -> Text:
    """Raises ConfigError."""
    try:
        return yaml_source.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: is not UTF-8 text"]) from None


def structure(raw: Raw, kind: type[_Kind]) -> tuple[_Kind | None, list[Problem]]:
    """The class, or all that is wrong."""
    try:
        return _CONVERTER.structure(raw, kind), []
    except Exception as error:  # noqa: BLE001  # cattrs gathers whatever the hooks raise
        return None, list(_problems(error, ()))


def refusal(source: str, text: Text, problems: Iterable[Problem]) -> ConfigError:
    """Each problem on a line of its own: file, line, path and words, in the order of the file."""
    lines = sorted(
        {(_line(text, path), text.names.get(path) or yaml_source.shown(path), words) for path, words in problems}
    )
    return ConfigError(
        [": ".join(filter(None, (f"{source}:{line}" if line else source, *rest))) for line, *rest in lines]
    )


def _line(text: Text, path: Path) -> int:
    """Of the thing, or of the nearest thing around it."""
    return next((text.lines[path[:length]] for length in range(len(path), -1, -1) if path[:length] in text.lines), 0)


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
}


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    for kind, hook in _VALUES.items():
        converter.register_structure_hook(kind, partial(_value, hook))
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda kind: partial(_shaped, dict, make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)),
    )
    converter.register_structure_hook_factory(
        partial(_is_of, Mapping),
        lambda kind: partial(_shaped, dict, mapping_structure_factory(kind, converter)),
    )
    converter.register_structure_hook_factory(
        partial(_is_of, tuple),
        lambda kind: partial(_shaped, list, homogenous_tuple_structure_factory(kind, converter)),
    )
    whole = converter.get_structure_hook(CollectorSettings)
    converter.register_structure_hook(
        CollectorSettings, lambda raw, kind: whole(raw if isinstance(raw, dict) else {"enabled": raw}, kind)
    )
    return converter


def _is_of(origin: object, kind: Any) -> bool:
    return get_origin(kind) is origin


def _value(read: Callable[[Raw], object], raw: Raw, _: object) -> object:
    return read(raw)


def _shaped(shape: type, structure: Callable[[Any, Any], Any], raw: Raw, kind: Any) -> Any:
    """cattrs takes a text for a list of letters, and says little of a list where a map belongs."""
    if isinstance(raw, shape):
        return structure(raw, kind)
    raise ValueError(
        "must be a map of keys and values" if shape is dict else "must be a list: begin each of its things with a dash"
    )


_CONVERTER = _converter()


def _problems(error: BaseException, path: Path) -> Iterator[tuple[Path, str]]:
    """What cattrs gathered, each with its path: the notes that it hangs on an exception say how to go on."""
    if isinstance(error, BaseValidationError):
        for each in error.exceptions:
            notes = getattr(each, "__notes__", ())
            named = [note.name for note in notes if isinstance(note, AttributeValidationNote)]
            placed = [note.index for note in notes if isinstance(note, IterableValidationNote)]
            yield from _problems(each, (*path, *named, *placed))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [each.name for each in fields(error.cl)]
        for key in sorted(error.extra_fields):
            near = (
                [_ELSEWHERE[key]] if "host" in known and key in _ELSEWHERE else difflib.get_close_matches(key, known, 1)
            )
            advice = f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(known)}"
            if ":" in key:
                advice = "write a blank behind its colon"
            yield (*path, key), f"is no key; {advice}"
    elif isinstance(error, KeyError):
        yield path, "is missing"
    else:
        yield path, str(error)


def contradictions(raw: Raw, path: Path = ()) -> Iterator[Problem]:
    """A secret that is given twice."""
    children: Iterable[tuple[str | int, Raw]] = ()
    if isinstance(raw, dict):
        children = raw.items()
        for key, file in (("password", "password_file"), ("token", "token_file")):
            if key in raw and file in raw:
                yield (*path, file), f"there is {key} too; give one of them"
    elif isinstance(raw, list):
        children = enumerate(raw)
    for step, child in children:
        yield from contradictions(child, (*path, step))
