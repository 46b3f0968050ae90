"""Reads exporter.yml, or the environment in its stead."""

import difflib
import logging
import pathlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from . import roof
from .model import Config, Defaults
from .places import Raw, Text
from .structure import NoConfig, Problem, contradictions, read, refusal, structure

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


def from_environment(environment: Mapping[str, str], collectors: Collection[str]) -> Config | None:
    """One gateway by ENVOY_HOST and its like; None where that is not set. Raises ConfigError."""
    if not environment.get("ENVOY_HOST"):
        return None
    account: dict[str, Raw] = {
        key: environment[variable]
        for key, variable in (
            ("username", "ENVOY_USERNAME"),
            ("password", "ENVOY_PASSWORD"),
            ("password_file", "ENVOY_PASSWORD_FILE"),
        )
        if variable in environment
    }
    gateway: dict[str, Raw] = {
        key: environment[variable]
        for key, variable in (
            ("host", "ENVOY_HOST"),
            ("serial", "ENVOY_SERIAL"),
            ("token", "ENVOY_TOKEN"),
            ("token_file", "ENVOY_TOKEN_FILE"),
        )
        if environment.get(variable)
    }
    if account:
        # An account of Enlighten is an e-mail address; a user of the gateway itself never is.
        gateway["enlighten" if "@" in str(account.get("username")) else "local"] = account
    return _load(Text({"gateways": [gateway]}, {}), "environment", collectors)


def _load(text: Text, source: str, collectors: Collection[str]) -> Config:
    problems = [*text.problems, *contradictions(text.raw)]
    config = None
    if text.is_yaml:
        config, wrong = structure(_with_defaults(text.raw), Config)
        problems += wrong
    if config is not None:
        gateways = (replace(each, name=each.name or each.host.written) for each in config.gateways)
        config = replace(config, gateways=tuple(gateways))
        problems += _of_gateways(config, collectors)
    if config is None or problems:
        raise refusal(source, text, problems)
    return config


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
    for index, gateway in enumerate(config.gateways):
        if gateway.name in names:
            yield ("gateways", index, "name"), f"{gateway.name} is gateway {names[gateway.name]} too; names differ"
        names.setdefault(gateway.name, index)
        place = hosts.setdefault((gateway.host.address.lower(), gateway.host.port), index)
        if place != index:
            yield ("gateways", index, "host"), f"is gateway {place} too; a gateway is asked by one only"
        for name in gateway.collectors:
            if name not in collectors:
                near = difflib.get_close_matches(name, collectors, 1)
                advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(collectors)}"
                yield ("gateways", index, "collectors", name), f"is no collector; {advice}"
        if gateway.tls and gateway.tls.fingerprint and gateway.scheme == "http":
            yield ("gateways", index, "tls"), "has no meaning with the scheme http"
        for path, words in roof.problems(gateway):
            yield ("gateways", index, *path), words
    if not config.gateways:
        yield ("gateways",), "is empty: name at least one gateway by its host"
