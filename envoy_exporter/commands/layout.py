"""Print the layout as a section for exporter.yml: the inverters that the gateway lists, and their positions."""

import argparse
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
from envoy_exporter.config import Array, Config, ConfigError, Gateway, Inverter
from envoy_exporter.config.model import InverterSerial, LabelText
from envoy_exporter.documents import INFO
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry

from . import FAILURE, USAGE_ERROR, add_config_file, enlighten, print_stderr
from .enlighten import EnlightenLayout

_Entry = TypeVar("_Entry", Inverter, Array)

_MAX_FILE_SIZE = 16 * 2**20
_HEADER = """\
    # The layout. Paste it below the gateway in exporter.yml, and add the keys that the comments name. For example:
    # inverters:
    #   "122345678901": {name: S1, array: south, row: 1, column: 1, peak_power: 370}
    # arrays:
    #   "south": {azimuth: 180, tilt: 35}
    # How to find which serial is which panel: docs/layout.md
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("gateway", nargs="?", metavar="NAME", help="Name of the gateway in the configuration (default: the only one).")
    add_config_file(parser)
    add(
        "--enlighten",
        type=Path,
        metavar="FILE",
        help="Add array, row, column, azimuth and tilt from array_layout_x.json of Enlighten (default: none).",
    )
    add(
        "--offline",
        action="store_true",
        help="Do not contact the gateway; print the inverters of the --enlighten file.",
    )


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 after printing the section, 1 without inverters to print, 2 for an invalid flag, config or file."""
    redaction = Redaction()
    logs.set_up("warn", "logfmt", redaction)
    try:
        return _print(arguments, redaction)
    except ConfigError as error:
        print_stderr(*error.problems)
    except _UsageError as error:
        print_stderr(f"envoy-exporter layout: {error}")
    except KeyboardInterrupt:
        return FAILURE
    return USAGE_ERROR


def _print(arguments: argparse.Namespace, redaction: Redaction) -> int:
    """Raises ConfigError or _UsageError."""
    if arguments.offline and arguments.enlighten is None:
        raise _UsageError("missing --enlighten FILE: with --offline, the inverters come from that file")
    drawing = None if arguments.enlighten is None else _drawing(arguments.enlighten)
    loaded = _config(arguments)
    gateway = _selected(loaded, arguments.gateway) if loaded else None
    listed = None
    if loaded and gateway and not arguments.offline:
        print_stderr(f"requesting the inverters of {gateway.name}")
        listed = _listed(replace(loaded, gateways=(gateway,)), redaction)
        if listed is None:
            advice = "; use --offline to print those of the file" if drawing else ""
            print_stderr(f"no list of inverters from {gateway.name}{advice}")
            return FAILURE
        print_stderr(f"{gateway.name} lists {len(listed)} inverters")
    layout = combined(gateway.inverters if gateway else {}, gateway.arrays if gateway else {}, listed, drawing)
    print_stderr(*(drawing.warnings if drawing else ()), *layout.warnings)
    if not layout.inverters:
        print_stderr("no inverters to print")
        return FAILURE
    # UTF-8 in any terminal, because the config is read as UTF-8.
    sys.stdout.buffer.write((_HEADER + config.layout_as_yaml(layout.inverters, layout.arrays)).encode())
    sys.stdout.buffer.flush()
    return 0


class _UsageError(Exception):
    """A flag or a file that cannot be used. Its message is for the user."""


def _config(arguments: argparse.Namespace) -> Config | None:
    """None if there is no config and --offline does not need one."""
    try:
        return config.load(arguments.config_file, os.environ, COLLECTORS)
    except config.NoConfig:
        if arguments.offline:
            return None
        raise


def _selected(loaded: Config, name: str | None) -> Gateway:
    names = [gateway.name for gateway in loaded.gateways]
    if name is None and len(names) > 1:
        raise _UsageError(f"missing gateway NAME; the config has several: {', '.join(names)}")
    if name is not None and name not in names:
        raise _UsageError(config.unknown("gateway", name, names))
    return loaded.gateways[names.index(name) if name else 0]


def _drawing(path: Path) -> EnlightenLayout:
    try:
        if path.stat().st_size > _MAX_FILE_SIZE:
            raise _UsageError(f"{path}: file is too large; the maximum is {_MAX_FILE_SIZE // 2**20} MiB")
        drawing = enlighten.read(json.loads(path.read_bytes()))
    except OSError as error:
        raise _UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _UsageError(f"{path}: invalid JSON; save the response array_layout_x.json, not the page") from None
    if not drawing.inverters:
        raise _UsageError(f"{path}: no array with an inverter found; use array_layout_x.json of Enlighten")
    return drawing


def _listed(single: Config, redaction: Redaction) -> frozenset[str] | None:
    """The serial numbers that the gateway lists, requested as for a scrape; None, after printing why, if it fails."""
    app = App(
        clock=SystemClock(),
        random=Random(),  # noqa: S311  # spreads requests over time, protects nothing
        telemetry=Telemetry(__version__),
        redaction=redaction,
        collectors={name: name == inverters.COLLECTOR.name for name in COLLECTORS},
    )
    (exposition,) = app.build(single).gateways.values()
    gateway = exposition.collector.gateway
    try:
        gateway.poll()
        snapshot = gateway.snapshot()
    finally:
        app.close()
    documents = snapshot.documents
    listed = inverter_source.listed(
        documents, inverter_source.choose(documents, None), inverter_source.by_inventory(documents, {})
    )
    if listed is None and snapshot.reachable:
        # Failures are in the log already, endpoints that are not available are not.
        endpoints = snapshot.endpoints.items()
        print_stderr(*(f"{name} is not available: {status.absent}" for name, status in endpoints if status.absent))
        if snapshot.endpoints.keys() <= {INFO}:
            print_stderr("unsupported firmware: it has no list of inverters")
    return listed


@dataclass(frozen=True, slots=True)
class CombinedLayout:
    """The layout to print, and the differences between its sources."""

    inverters: Mapping[InverterSerial, Inverter]
    arrays: Mapping[LabelText, Array]
    warnings: tuple[str, ...]


def combined(
    configured: Mapping[InverterSerial, Inverter],
    configured_arrays: Mapping[LabelText, Array],
    listed: Iterable[str] | None,
    drawing: EnlightenLayout | None,
) -> CombinedLayout:
    """The layout of the config, with what it does not set from the drawing, for the inverters that the gateway lists.

    Without a list from the gateway (None), all inverters of the drawing are included.
    """
    drawn = drawing or EnlightenLayout()
    usable = {InverterSerial(serial) for serial in listed or () if config.is_inverter_serial(serial)}
    serials = set(configured) | (set(drawn.inverters) if listed is None else usable)
    warnings = list(_differences(configured, None if listed is None else frozenset(listed), drawing))
    inverters: dict[InverterSerial, Inverter] = {}
    occupied = {_position(inverter): serial for serial, inverter in configured.items()}
    for serial in sorted(serials):
        base = configured.get(serial, Inverter())
        inverter = _filled(base, drawn.inverters.get(serial, Inverter()))
        other = occupied.setdefault(_position(inverter), serial)
        if other != serial and inverter.row is not None and inverter.column is not None:
            warnings.append(f"{serial}: its position is already used by {other}; row and column of the file omitted")
            inverter = base if serial in configured else replace(inverter, row=None, column=None)
        inverters[serial] = inverter
    arrays = dict(configured_arrays)
    arrays |= {entry.array: Array() for entry in inverters.values() if entry.array and entry.array not in arrays}
    return CombinedLayout(
        inverters,
        {name: _filled(array, drawn.arrays.get(name, Array())) for name, array in arrays.items()},
        tuple(warnings),
    )


def _position(inverter: Inverter) -> tuple[str | None, ...]:
    return inverter.array, inverter.row, inverter.column


def _filled(entry: _Entry, other: _Entry) -> _Entry:
    """The entry, with the values of the other one for the keys that it does not set."""
    gaps = {field.name: getattr(other, field.name) for field in fields(entry) if getattr(entry, field.name) is None}
    return replace(entry, **gaps)


def _differences(
    configured: Mapping[InverterSerial, Inverter], listed: frozenset[str] | None, drawing: EnlightenLayout | None
) -> Iterator[str]:
    """The inverters that one source has and another has not."""
    if listed is None:
        return
    for serial in sorted(configured.keys() - listed):
        yield f"{serial}: in the config, but not listed by the gateway; kept"
    for text in sorted(text for text in listed if not config.is_inverter_serial(text)):
        yield f"{text}: listed by the gateway, but an invalid serial number; omitted"
    if drawing is not None:
        for serial in sorted(drawing.inverters.keys() - listed - configured.keys()):
            yield f"{serial}: in the file, but not listed by the gateway; omitted"
        for text in sorted(listed - drawing.inverters.keys()):
            yield f"{text}: listed by the gateway, but not in the file"
