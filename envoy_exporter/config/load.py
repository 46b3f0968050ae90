"""Loads exporter.yml, or a config from the environment."""

import difflib
import logging
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from . import layout
from .convert import NoConfig, Problem, config_error, contradictions, read, structure, unknown
from .model import CollectorSettings, Config, Defaults, Gateway
from .yaml_source import Path, Raw, Text, key_text

_SERIAL = "{serial}"
"""In the name of a token file: the serial of the gateway."""

log = logging.getLogger(__name__)

DEFAULT_FILES = (pathlib.Path("exporter.yml"), pathlib.Path("/etc/envoy-exporter/exporter.yml"))
"""Where the config is searched without `--config.file`, in this order."""


def load(path: pathlib.Path | None, environment: Mapping[str, str], collectors: Collection[str]) -> Config:
    """The config from this file, else from the first of the default files, else from the environment.

    Raises ConfigError.
    """
    path = path or next(filter(_exists, DEFAULT_FILES), None)
    if path is not None:
        if environment.get("ENVOY_HOST"):
            log.warning("ENVOY_HOST is ignored, the config file is used", extra={"file": path})
        return from_file(path, collectors)
    config = from_environment(environment, collectors)
    if config is None:
        places = " nor ".join(str(place.absolute()) for place in DEFAULT_FILES)
        advice = "copy exporter.example.yml to one of them, name another file with --config.file, or set ENVOY_HOST"
        raise NoConfig([f"configuration not found: neither {places} exists; {advice}"])
    return config


def _exists(path: pathlib.Path) -> bool:
    """Whether there is a file, or one that cannot be accessed: reading it then reports why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def from_file(path: pathlib.Path, collectors: Collection[str]) -> Config:
    """Raises ConfigError."""
    return _load(read(path), str(path), collectors)


_GATEWAY = {"host": "ENVOY_HOST", "serial": "ENVOY_SERIAL", "token": "ENVOY_TOKEN", "token_file": "ENVOY_TOKEN_FILE"}
_ACCOUNT = {"username": "ENVOY_USERNAME", "password": "ENVOY_PASSWORD", "password_file": "ENVOY_PASSWORD_FILE"}


def from_environment(environment: Mapping[str, str], collectors: Collection[str]) -> Config | None:
    """The config of one gateway from ENVOY_HOST and its companions; None without ENVOY_HOST. Raises ConfigError."""
    if not environment.get("ENVOY_HOST"):
        return None
    _warn_about_misspelled(environment)
    gateway: dict[str, Raw] = {key: environment[name] for key, name in _GATEWAY.items() if environment.get(name)}
    account: dict[str, Raw] = {key: environment[name] for key, name in _ACCOUNT.items() if name in environment}
    # An account of Enlighten is an e-mail address, a local user of the gateway never is.
    section = "enlighten" if "@" in str(account.get("username")) else "local"
    if account:
        gateway[section] = account
    names: dict[Path, str] = {("gateways", 0, key): name for key, name in _GATEWAY.items()}
    names |= {("gateways", 0, section, key): name for key, name in _ACCOUNT.items()}
    return _load(Text({"gateways": [gateway]}, {}, names=names), "environment", collectors)


def _warn_about_misspelled(environment: Mapping[str, str]) -> None:
    known = (*_GATEWAY.values(), *_ACCOUNT.values())
    for name in environment:
        near = difflib.get_close_matches(name, known, 1, 0.8) if name.startswith("ENVOY_") else []
        if near and name not in known:
            log.warning("unknown environment variable", extra={"variable": name, "did_you_mean": near[0]})


def _load(text: Text, source: str, collectors: Collection[str]) -> Config:
    problems = [*text.problems, *contradictions(text.raw)]
    config = None
    if text.is_yaml:
        config, invalid = structure(_with_defaults(text.raw), Config)
        valid_part = config or structure(_with_defaults(_valid_part(text.raw, invalid)), Config)[0]
        problems += invalid
        problems += _conflicts(_with_names(valid_part), collectors) if valid_part else ()
    if config is None or problems:
        raise config_error(source, text, problems)
    return _with_names(config)


def _with_names(config: Config) -> Config:
    """A gateway without a name is named after its host; `{serial}` in its token file is its serial."""
    gateways = (
        replace(gateway, name=gateway.name or gateway.host.written, token_file=_token_file(gateway))
        for gateway in config.gateways
    )
    return replace(config, gateways=tuple(gateways))


def _token_file(gateway: Gateway) -> pathlib.Path | None:
    if gateway.token_file is None or gateway.serial is None:
        return gateway.token_file
    return pathlib.Path(str(gateway.token_file).replace(_SERIAL, gateway.serial))


def _valid_part(raw: Raw, invalid: Iterable[Problem]) -> Raw:
    """The config without its invalid values, so that conflicts in the rest are reported together with them."""
    for path, _ in invalid:
        raw = _without(raw, path)
    gateways = raw.get("gateways") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(gateways, list):
        return raw
    # A gateway without a valid host gets a unique one: without a host, none of its other keys could be checked.
    with_hosts: list[Raw] = [
        {"host": f"gateway-{index}.invalid", **(gateway if isinstance(gateway, dict) else {})}
        for index, gateway in enumerate(gateways)
    ]
    return {**raw, "gateways": with_hosts}


def _without(raw: Raw, path: Path) -> Raw:
    """Without the value at the path, or without the scalar that the path leads into.

    An item of a list becomes an empty mapping, so that the other items keep their indexes.
    """
    step, below = path[:1], path[1:]
    if isinstance(raw, list):
        return [(_without(item, below) if below else {}) if at in step else item for at, item in enumerate(raw)]
    if not isinstance(raw, dict):
        return raw
    deeper = {key for key, value in raw.items() if below and isinstance(value, list | dict)}
    remaining = {key: value for key, value in raw.items() if key not in step or key in deeper}
    return {key: _without(value, below) if key in step else value for key, value in remaining.items()}


def _with_defaults(raw: Raw) -> Raw:
    """Each gateway with the keys of `defaults` that it does not set, unless `defaults` is invalid."""
    defaults = raw.get("defaults", {}) if isinstance(raw, dict) else {}
    gateways = raw.get("gateways") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(defaults, dict) or not isinstance(gateways, list):
        return raw
    if structure(defaults, Defaults)[0] is None:
        return raw  # reported once, with the path of `defaults`, when the whole config is converted
    merged: list[Raw] = [_merged(defaults, gateway) if isinstance(gateway, dict) else gateway for gateway in gateways]
    return {**raw, "gateways": merged}


def _merged(defaults: dict[str, Raw], gateway: dict[str, Raw]) -> Raw:
    """The gateway with the defaults; a token of its own replaces the token file of the defaults."""
    merged = {**defaults, **gateway}
    if "token" in gateway and "token_file" not in gateway:
        merged.pop("token_file", None)
    return merged


def _conflicts(config: Config, collectors: Collection[str]) -> Iterator[Problem]:
    """The problems of valid values that do not fit together."""
    names: dict[str, int] = {}
    hosts: dict[tuple[str, int | None], int] = {}
    shared = config.defaults.collectors if config.defaults else {}
    yield from _unknown_collectors(shared, collectors, ("defaults",))
    for index, gateway in enumerate(config.gateways):
        first = names.setdefault(gateway.name, index)
        if first != index:
            yield ("gateways", index, "name"), f"duplicate name, already used by gateways[{first}]; use another name"
        first = hosts.setdefault((gateway.host.address.lower(), gateway.host.port), index)
        if first != index:
            yield ("gateways", index, "host"), f"duplicate host, already used by gateways[{first}]; add a gateway once"
        if gateway.collectors != shared:
            yield from _unknown_collectors(gateway.collectors, collectors, ("gateways", index))
        if gateway.tls and (gateway.tls.fingerprint or gateway.tls.ca_file) and gateway.scheme == "http":
            yield ("gateways", index, "tls"), "conflicts with scheme: http; use https or auto, or remove tls"
        if gateway.token_file and _SERIAL in str(gateway.token_file):
            yield ("gateways", index, "serial"), f"required key is missing: token_file contains {_SERIAL}"
        for path, message in layout.problems(gateway):
            yield ("gateways", index, *path), message
    token_file = config.defaults.token_file if config.defaults else None
    if token_file and _SERIAL not in str(token_file) and len(config.gateways) > 1:
        yield ("defaults", "token_file"), f"a token is for one gateway; add {_SERIAL} to the name"
    if not config.gateways:
        yield ("gateways",), "is empty; add at least one gateway with its host"


def _unknown_collectors(
    settings: Mapping[str, CollectorSettings], collectors: Collection[str], parents: Path
) -> Iterator[Problem]:
    for name in settings:
        path = (*parents, "collectors", name)
        if name not in collectors:
            yield path, unknown("collector", key_text(path), collectors)
