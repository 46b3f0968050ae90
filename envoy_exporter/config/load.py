"""Reads exporter.yml, or the environment in its stead."""

import difflib
import logging
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from . import layout
from .convert import NoConfig, Problem, contradictions, read, refusal, structure
from .model import CollectorSettings, Config, Defaults
from .yaml_source import Path, Raw, Text

log = logging.getLogger(__name__)

DEFAULT_FILE = pathlib.Path("exporter.yml")


def found(path: pathlib.Path | None, environment: Mapping[str, str], collectors: Collection[str]) -> Config:
    """The file that was named, or exporter.yml where it is, or the environment. Raises ConfigError."""
    if path is not None or DEFAULT_FILE.exists():
        if environment.get("ENVOY_HOST"):
            log.warning("ENVOY_HOST and its like have no effect: %s goes first", path or DEFAULT_FILE)
        return from_file(path or DEFAULT_FILE, collectors)
    read = from_environment(environment, collectors)
    if read is None:
        advice = "write one (docs/configuration.md), name it with --config.file, or set ENVOY_HOST"
        raise NoConfig([f"{DEFAULT_FILE}: there is no such file here; {advice}"])
    return read


def from_file(path: pathlib.Path, collectors: Collection[str]) -> Config:
    """Raises ConfigError."""
    return _load(read(path), str(path), collectors)


_GATEWAY = {"host": "ENVOY_HOST", "serial": "ENVOY_SERIAL", "token": "ENVOY_TOKEN", "token_file": "ENVOY_TOKEN_FILE"}
_ACCOUNT = {"username": "ENVOY_USERNAME", "password": "ENVOY_PASSWORD", "password_file": "ENVOY_PASSWORD_FILE"}


def from_environment(environment: Mapping[str, str], collectors: Collection[str]) -> Config | None:
    """One gateway by ENVOY_HOST and its like; None where that is not set. Raises ConfigError."""
    if not environment.get("ENVOY_HOST"):
        return None
    _warn_of_misspelled(environment)
    gateway: dict[str, Raw] = {key: environment[name] for key, name in _GATEWAY.items() if environment.get(name)}
    account: dict[str, Raw] = {key: environment[name] for key, name in _ACCOUNT.items() if name in environment}
    # An account of Enlighten is an e-mail address; a user of the gateway itself never is.
    kind = "enlighten" if "@" in str(account.get("username")) else "local"
    if account:
        gateway[kind] = account
    names: dict[Path, str] = {("gateways", 0, key): name for key, name in _GATEWAY.items()}
    names |= {("gateways", 0, kind, key): name for key, name in _ACCOUNT.items()}
    return _load(Text({"gateways": [gateway]}, {}, names=names), "environment", collectors)


def _warn_of_misspelled(environment: Mapping[str, str]) -> None:
    known = (*_GATEWAY.values(), *_ACCOUNT.values())
    for name in environment:
        near = difflib.get_close_matches(name, known, 1, 0.8) if name.startswith("ENVOY_") else []
        if near and name not in known:
            log.warning("%s has no effect; did you mean %s?", name, near[0])


def _load(text: Text, source: str, collectors: Collection[str]) -> Config:
    problems = [*text.problems, *contradictions(text.raw)]
    config = None
    if text.is_yaml:
        config, wrong = structure(_with_defaults(text.raw), Config)
        legible = config or structure(_with_defaults(_legible(text.raw, wrong)), Config)[0]
        problems += wrong
        problems += _of_gateways(_named(legible), collectors) if legible else ()
    if config is None or problems:
        raise refusal(source, text, problems)
    return _named(config)


def _named(config: Config) -> Config:
    gateways = (replace(each, name=each.name or each.host.written) for each in config.gateways)
    return replace(config, gateways=tuple(gateways))


def _legible(raw: Raw, wrong: Iterable[Problem]) -> Raw:
    """All but what is wrong, so that what is left can be held against itself, and all is told at once."""
    for path, _ in wrong:
        raw = _without(raw, path)
    gateways = raw.get("gateways") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(gateways, list):
        return raw
    # A gateway without a usable host gets one of its own: nothing else of it could be read.
    hosted: list[Raw] = [
        {"host": f"gateway-{index}.invalid", **(each if isinstance(each, dict) else {})}
        for index, each in enumerate(gateways)
    ]
    return {**raw, "gateways": hosted}


def _without(raw: Raw, path: Path) -> Raw:
    """Without what stands there, or around it where that is one value; of a list it leaves the place."""
    step, below = path[:1], path[1:]
    if isinstance(raw, list):
        return [({} if not below else _without(value, below)) if at in step else value for at, value in enumerate(raw)]
    if not isinstance(raw, dict):
        return raw
    deeper = {key for key, value in raw.items() if below and isinstance(value, list | dict)}
    left = {key: value for key, value in raw.items() if key not in step or key in deeper}
    return {key: _without(value, below) if key in step else value for key, value in left.items()}


def _with_defaults(raw: Raw) -> Raw:
    """Each gateway with what `defaults` says and it does not, unless something is wrong with them."""
    defaults = raw.get("defaults", {}) if isinstance(raw, dict) else {}
    gateways = raw.get("gateways") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(defaults, dict) or not isinstance(gateways, list):
        return raw
    if structure(defaults, Defaults)[0] is None:
        return raw  # told once, where they stand, when all is structured
    merged: list[Raw] = [{**defaults, **each} if isinstance(each, dict) else each for each in gateways]
    return {**raw, "gateways": merged}


def _of_gateways(config: Config, collectors: Collection[str]) -> Iterator[Problem]:
    """What can be seen only when all of them are there."""
    names: dict[str, int] = {}
    hosts: dict[tuple[str, int | None], int] = {}
    shared = config.defaults.collectors if config.defaults else {}
    yield from _unknown(shared, collectors, ("defaults",))
    for index, gateway in enumerate(config.gateways):
        if gateway.name in names:
            yield ("gateways", index, "name"), f"{gateway.name} is gateway {names[gateway.name]} too; names differ"
        names.setdefault(gateway.name, index)
        place = hosts.setdefault((gateway.host.address.lower(), gateway.host.port), index)
        if place != index:
            yield ("gateways", index, "host"), f"is gateway {place} too; a gateway is asked by one only"
        if gateway.collectors != shared:
            yield from _unknown(gateway.collectors, collectors, ("gateways", index))
        if gateway.tls and (gateway.tls.fingerprint or gateway.tls.ca_file) and gateway.scheme == "http":
            yield ("gateways", index, "tls"), "has no meaning with the scheme http"
        for path, words in layout.problems(gateway):
            yield ("gateways", index, *path), words
    if not config.gateways:
        yield ("gateways",), "is empty: name at least one gateway by its host"


def _unknown(settings: Mapping[str, CollectorSettings], collectors: Collection[str], where: Path) -> Iterator[Problem]:
    for name in settings:
        if name not in collectors:
            near = difflib.get_close_matches(name, collectors, 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(collectors)}"
            yield (*where, "collectors", name), f"is no collector; {advice}"
