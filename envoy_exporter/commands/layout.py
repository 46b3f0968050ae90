"""`envoy-exporter layout`: the roof as a section for exporter.yml, from the gateway's own list of its inverters."""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import TypeVar

from envoy_exporter import __version__, config, logs
from envoy_exporter.app import COLLECTORS, App
from envoy_exporter.clock import SystemClock
from envoy_exporter.collectors import inverter_source, inverters
from envoy_exporter.collectors.inverter_source import InverterSource
from envoy_exporter.config import Array, Config, ConfigError, Gateway, Inverter
from envoy_exporter.config.model import InverterSerial, LabelText
from envoy_exporter.documents import INFO
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry

from . import enlighten
from .enlighten import Roof

_Entry = TypeVar("_Entry", Inverter, Array)

UNABLE, WRONG = 1, 2
_LARGEST_FILE = 16 * 2**20
_HEADER = "    # The roof, to stand below its gateway in exporter.yml. A comment names what is not known: fill it in.\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("gateway", nargs="?", metavar="NAME", help="the gateway's name in the config, where that has several")
    add("--config.file", dest="config_file", type=Path, metavar="FILE", help="the config (exporter.yml)")
    add(
        "--enlighten",
        type=Path,
        metavar="FILE",
        help="Enlighten's array_layout_x.json: fills in array, row and column, azimuth and tilt",
    )
    add("--offline", action="store_true", help="do not ask the gateway; the inverters are those of --enlighten")


def run(arguments: argparse.Namespace) -> int:
    """0 with the section on standard output; 1 if the gateway does not tell, 2 for a wrong flag, config or file."""
    redaction = Redaction()
    logs.set_up("warn", "logfmt", redaction)
    try:
        return _print(arguments, redaction)
    except ConfigError as error:
        _tell(*error.problems)
    except _FileError as error:
        _tell(f"envoy-exporter layout: {error}")
    except KeyboardInterrupt:
        return UNABLE
    return WRONG


def _print(arguments: argparse.Namespace, redaction: Redaction) -> int:
    """Raises ConfigError, or _FileError."""
    if arguments.offline and arguments.enlighten is None:
        raise _FileError("--offline needs --enlighten FILE: where else would the inverters come from?")
    roof = None if arguments.enlighten is None else _roof(arguments.enlighten)
    whole = _config(arguments)
    gateway = _chosen(whole, arguments.gateway) if whole else None
    listed = None
    if whole and gateway and not arguments.offline:
        _tell(f"asking {gateway.name} for its inverters")
        listed = _listed(replace(whole, gateways=(gateway,)), redaction)
        if listed is None:
            offline = "; with --offline the file alone is used" if roof else ""
            _tell(f"{gateway.name} did not tell its inverters, so there is nothing to print{offline}")
            return UNABLE
        _tell(f"{gateway.name} lists {len(listed)} inverters")
    made = combined(gateway.inverters if gateway else {}, gateway.arrays if gateway else {}, listed, roof)
    _tell(*(roof.odd if roof else ()), *made.told)
    if not made.inverters:
        _tell("there is no inverter to print")
        return UNABLE
    # As UTF-8 whatever the terminal has, for that is what the config is read as.
    sys.stdout.buffer.write((_HEADER + config.layout_as_yaml(made.inverters, made.arrays)).encode())
    sys.stdout.buffer.flush()
    return 0


class _FileError(Exception):
    """A flag or a file that cannot be used, in words."""


def _config(arguments: argparse.Namespace) -> Config | None:
    """None where there is none, and none is needed."""
    try:
        return config.load(arguments.config_file, os.environ, COLLECTORS)
    except config.NoConfig:
        if arguments.offline:
            return None
        raise


def _chosen(whole: Config, name: str | None) -> Gateway:
    names = [each.name for each in whole.gateways]
    if name is None and len(names) > 1:
        raise _FileError(f"the config has several gateways, name one: {', '.join(names)}")
    if name is not None and name not in names:
        near = difflib.get_close_matches(name, names, 1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise _FileError(f"{name} is no gateway of the config; {advice}")
    return whole.gateways[names.index(name) if name else 0]


def _roof(path: Path) -> Roof:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise _FileError(f"{path}: is too large to be a roof")
        roof = enlighten.read(json.loads(path.read_bytes()))
    except OSError as error:
        raise _FileError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _FileError(f"{path}: is no JSON; save what array_layout_x.json brings, and not the page") from None
    if not roof.inverters:
        raise _FileError(f"{path}: has no array with an inverter in it; is it Enlighten's array_layout_x.json?")
    return roof


def _listed(alone: Config, redaction: Redaction) -> frozenset[str] | None:
    """What the gateway lists, asked as a scrape would: one request at a time, `/info` first. None: why is told."""
    app = App(
        clock=SystemClock(),
        random=Random(),  # noqa: S311  # spreads requests, hides nothing
        telemetry=Telemetry(__version__),
        redaction=redaction,
        collectors={name: name == inverters.COLLECTOR.name for name in COLLECTORS},
    )
    (exposition,) = app.build(alone).gateways.values()
    gateway = exposition.collector.gateway
    try:
        gateway.poll()
        snapshot = gateway.snapshot()
    finally:
        app.close()
    documents = snapshot.documents
    listed = inverter_source.listed(
        documents, inverter_source.choose(documents, InverterSource()), inverter_source.by_inventory(documents, {})
    )
    if listed is None and snapshot.answering:
        # The log has told what failed, but not what is no failure.
        _tell(*(f"it has no {name}: {each.absent}" for name, each in snapshot.endpoints.items() if each.absent))
        if snapshot.endpoints.keys() <= {INFO}:
            _tell("its firmware has no list of inverters")
    return listed


# --- putting it together


@dataclass(frozen=True, slots=True)
class Combined:
    """The section, and in words what does not go together."""

    inverters: Mapping[InverterSerial, Inverter]
    arrays: Mapping[LabelText, Array]
    told: tuple[str, ...]


def combined(
    kept: Mapping[InverterSerial, Inverter],
    kept_arrays: Mapping[LabelText, Array],
    listed: Iterable[str] | None,
    roof: Roof | None,
) -> Combined:
    """What the config has stays; the file fills in the rest of it, and of the inverters that the gateway lists.

    Without a gateway's list (None) all inverters of the file are taken.
    """
    drawn = roof or Roof()
    usable = {InverterSerial(each) for each in listed or () if config.is_inverter_serial(each)}
    wanted = set(kept) | (set(drawn.inverters) if listed is None else usable)
    told = list(_differences(kept, None if listed is None else frozenset(listed), roof))
    found: dict[InverterSerial, Inverter] = {}
    taken = {_place(each): serial for serial, each in kept.items()}
    for serial in sorted(wanted):
        old = kept.get(serial, Inverter())
        each = _filled(old, drawn.inverters.get(serial, Inverter()))
        holder = taken.setdefault(_place(each), serial)
        if holder != serial and each.row is not None and each.column is not None:
            told.append(f"{serial}: {holder} is at its place: the file's row and column are left out")
            each = old if serial in kept else replace(each, row=None, column=None)
        found[serial] = each
    arrays = dict(kept_arrays) | {each.array: Array() for each in found.values() if each.array not in kept_arrays}
    return Combined(
        found,
        {name: _filled(each, drawn.arrays.get(name, Array())) for name, each in arrays.items() if name is not None},
        tuple(told),
    )


def _place(inverter: Inverter) -> tuple[str | None, ...]:
    return inverter.array, inverter.row, inverter.column


def _filled(kept: _Entry, more: _Entry) -> _Entry:
    """What is kept, and more where it says nothing."""
    gaps = {each.name: getattr(more, each.name) for each in fields(kept) if getattr(kept, each.name) is None}
    return replace(kept, **gaps)


def _differences(
    kept: Mapping[InverterSerial, Inverter], listed: frozenset[str] | None, roof: Roof | None
) -> Iterator[str]:
    """Who is in one place and not in another."""
    if listed is None:
        return
    for serial in sorted(kept.keys() - listed):
        yield f"{serial}: the config has it and the gateway does not list it: kept"
    for odd in sorted(each for each in listed if not config.is_inverter_serial(each)):
        yield f"{odd}: is no serial of an inverter: left out"
    if roof is not None:
        for serial in sorted(roof.inverters.keys() - listed - kept.keys()):
            yield f"{serial}: the file has it and the gateway does not list it: left out"
        for missing in sorted(listed - roof.inverters.keys()):
            yield f"{missing}: the gateway lists it and the file does not have it"


def _tell(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
