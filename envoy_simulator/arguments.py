"""The flags of `envoy-simulator` and the values that they take."""

import argparse
import re
from pathlib import Path

from envoy_simulator.faults import FaultError
from envoy_simulator.faults.spec import FaultSpec, parse_fault
from envoy_simulator.profiles import PROFILES

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST_DAY = 60.0
_LONGEST_PAST = 20 * 366 * 86400.0


def parser() -> argparse.ArgumentParser:
    """The parser of all flags."""
    flags = argparse.ArgumentParser(
        "envoy-simulator",
        description="Run a simulated Enphase Envoy (IQ Gateway), or write what Prometheus would have stored of it.",
        allow_abbrev=False,
    )
    _add_source(flags)
    _add_behaviour(flags)
    _add_history(flags)
    flags.add_argument(
        "--seed", type=int, default=0, help="Set the seed of the simulated weather (default: %(default)s)."
    )
    return flags


def _add_source(flags: argparse.ArgumentParser) -> None:
    source = flags.add_mutually_exclusive_group()
    source.add_argument(
        "--profile",
        choices=tuple(PROFILES),
        default="8.3",
        help="Simulate this firmware profile (default: %(default)s).",
    )
    source.add_argument("--capture", type=Path, metavar="DIR", help="Replay the recorded responses of a real gateway.")
    source.add_argument("--list", action="store_true", help="List the profiles and exit.")


def _add_behaviour(flags: argparse.ArgumentParser) -> None:
    add = flags.add_argument
    add(
        "--listen-address",
        type=listen_address,
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="Listen on this address (default: %(default)s).",
    )
    add(
        "--tls",
        action=argparse.BooleanOptionalAction,
        help="Serve HTTPS (default: from firmware 7 on, if the extra `simulator` is installed).",
    )
    add(
        "--day",
        type=day,
        default=86400.0,
        metavar="10m",
        help="Set the time from one sunrise to the next (default: 24h).",
    )
    add(
        "--latency",
        type=factor,
        default=0.0,
        metavar="FACTOR",
        help="Delay the slow pages as a real gateway does, 1 to 6 s, multiplied by FACTOR (default: %(default)s).",
    )
    add(
        "--role",
        choices=("owner", "installer"),
        default="owner",
        help="Print a token of this role (default: %(default)s).",
    )
    add(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="Stream live data; without a stream the live data do not change (default: depends on the profile).",
    )
    add("--cloud", action="store_true", help="Also run a simulated Enlighten login that issues tokens.")
    add(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="NAME[,KEY=VALUE...]",
        help="Switch on a fault, such as cut-off,endpoint=/home,byte=9 (--fault list lists all). Can be repeated.",
    )


def _add_history(flags: argparse.ArgumentParser) -> None:
    history = flags.add_argument_group(
        "history", "Write what Prometheus would have stored, instead of serving a gateway."
    )
    history.add_argument(
        "--history",
        type=span,
        metavar="365d",
        help="Write history of this length as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`.",
    )
    history.add_argument(
        "--every", type=span, default=60.0, metavar="60s", help="Set the scrape interval (default: 60s)."
    )
    history.add_argument("--job", type=label, default="envoy", help="Set the label `job` (default: %(default)s).")
    history.add_argument(
        "--instance", type=label, default="demo", help="Set the label `instance` (default: %(default)s)."
    )
    history.add_argument(
        "--inverters",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Include the series of every inverter, which are most of the history (default: included).",
    )


def listen_address(text: str) -> tuple[str, int]:
    """The host and port of `HOST:PORT`, of `:PORT` (all addresses) or of `[::1]:PORT`."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})", text)
    if match is None or int(match[3]) > 65535:  # noqa: PLR2004  # the highest port
        raise argparse.ArgumentTypeError(f"invalid listen address {text!r}: write it like 127.0.0.1:8080")
    return match[1] or match[2] or "0.0.0.0", int(match[3])  # noqa: S104  # an empty host means all addresses


def day(text: str) -> float:
    """The length of a day, such as `90s`, `10m` or `24h`, in seconds."""
    seconds = _seconds(text)
    if seconds < _SHORTEST_DAY:
        raise argparse.ArgumentTypeError(f"invalid length of a day {text!r}: write it like 10m or 24h, at least 1m")
    return seconds


def span(text: str) -> float:
    """A length of time, such as `60s` or `365d`, in seconds; at least one."""
    seconds = _seconds(text)
    if not 1 <= seconds <= _LONGEST_PAST:
        raise argparse.ArgumentTypeError(f"invalid length of time {text!r}: write it like 60s or 365d, at least 1s")
    return seconds


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def label(text: str) -> str:
    if not re.fullmatch(r"[\w.:/@-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"invalid label {text!r}: use up to 64 letters, digits and . : / @ - _")
    return text


def factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:  # noqa: PLR2004  # ten minutes a response is enough
        raise argparse.ArgumentTypeError(f"invalid factor {text!r}: write a number from 0 to 100")
    return number


def fault(text: str) -> FaultSpec | None:
    """The fault that the text specifies; None for `list`."""
    if text == "list":
        return None
    try:
        return parse_fault(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
