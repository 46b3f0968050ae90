"""`envoy-exporter simulate`: a gateway to run an exporter against, from a profile or from a capture."""

import argparse
import dataclasses
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.capture import CaptureError
from envoy_simulator.certificate import CertificateError, can_certify
from envoy_simulator.cloud import Cloud
from envoy_simulator.faults import FAULTS, FaultError
from envoy_simulator.faults.written import Order, catalogue, order
from envoy_simulator.history import END, history, instants
from envoy_simulator.plant import Plant

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST_DAY = 60.0
_LONGEST_PAST = 20 * 366 * 86400.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--profile", choices=tuple(PROFILES), default="8.3", help="the firmware to simulate (%(default)s)"
    )
    what.add_argument("--capture", type=Path, metavar="DIR", help="replay the recorded answers of a real gateway")
    what.add_argument("--list", action="store_true", help="list the profiles, and end")
    parser.add_argument(
        "--listen-address",
        type=listen_address,
        default="127.0.0.1:8080",
        metavar="HOST:PORT",
        help="where to listen (%(default)s)",
    )
    parser.add_argument(
        "--tls",
        action=argparse.BooleanOptionalAction,
        help="HTTPS; by default from firmware 7 on, where the extra `simulator` is installed",
    )
    parser.add_argument(
        "--day", type=day, default=86400.0, metavar="10m", help="how long the sun takes for a day (24h)"
    )
    parser.add_argument(
        "--latency",
        type=factor,
        default=0.0,
        metavar="FACTOR",
        help="1: slow pages take as long as on a real gateway, 1 to 6 s (%(default)s)",
    )
    parser.add_argument(
        "--role", choices=("owner", "installer"), default="owner", help="whose token it prints (%(default)s)"
    )
    parser.add_argument(
        "--stream",
        action=argparse.BooleanOptionalAction,
        help="somebody streams its live data, or nobody and they stand still; by default as the profile has it",
    )
    parser.add_argument("--cloud", action="store_true", help="an Enphase cloud beside it, to log in at for tokens")
    parser.add_argument(
        "--fault",
        type=fault,
        action="append",
        default=[],
        metavar="NAME[,KEY=VALUE...]",
        help="something that goes wrong, as cut-off,endpoint=/home,byte=9 (repeatable; --fault list shows all)",
    )
    past = parser.add_argument_group("history", "instead of serving: what a Prometheus would know of it")
    past.add_argument(
        "--history",
        type=span,
        metavar="365d",
        help="write so much of its past, as OpenMetrics for `promtool tsdb create-blocks-from openmetrics`",
    )
    past.add_argument("--every", type=span, default=60.0, metavar="60s", help="the scrape interval (60s)")
    past.add_argument("--job", type=label, default="envoy", help="its label `job` (%(default)s)")
    past.add_argument("--instance", type=label, default="demo", help="its label `instance` (%(default)s)")
    past.add_argument(
        "--inverters",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with the series of each inverter, most of all that there are, or without",
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed is another weather (%(default)s)")


def listen_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `:PORT` for all addresses, `[::1]:PORT`."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})", text)
    if match is None or int(match[3]) > 65535:  # noqa: PLR2004  # ports end there
        raise argparse.ArgumentTypeError(f"{text!r} is no address to listen on; write it like 127.0.0.1:8080")
    return match[1] or match[2] or "0.0.0.0", int(match[3])  # noqa: S104  # asked for by leaving out the host


def day(text: str) -> float:
    """`90s`, `10m`, `24h`: seconds."""
    seconds = _seconds(text)
    if seconds < _SHORTEST_DAY:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of a day; write it like 10m or 24h, at least 1m")
    return seconds


def span(text: str) -> float:
    """`60s`, `365d`: seconds, at least one."""
    seconds = _seconds(text)
    if not 1 <= seconds <= _LONGEST_PAST:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time; write it like 60s or 365d, at least 1s")
    return seconds


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    return float(match[1]) * _UNITS[match[2]] if match else 0.0


def label(text: str) -> str:
    if not re.fullmatch(r"[\w.:/@-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no label for a target; letters, digits and . : / @ - _ are")
    return text


def factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:  # noqa: PLR2004  # ten minutes for an answer should do
        raise argparse.ArgumentTypeError(f"{text!r} is no factor; write a number from 0 to 100")
    return number


def fault(text: str) -> Order | None:
    """None is `list`."""
    if text == "list":
        return None
    try:
        return order(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. 0; 2 for what cannot be simulated, 1 if the address cannot be had."""
    if arguments.list:
        _say(*(f"{name:10} {profile.software:10} {profile.about}" for name, profile in PROFILES.items()))
        return 0
    if None in arguments.fault:
        _say(*catalogue())
        return 0
    if odd := _what_does_not_fit(arguments):
        return _fail(odd, 2)
    if arguments.history is not None:
        return _write_history(arguments, time.time())
    stop = Event()
    try:
        with _gateway(arguments) as gateway, _cloud(arguments, gateway) as account:
            for each in arguments.fault:
                gateway.faults.on(each.name, each.when, **each.options)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            _say(*_introduction(gateway, arguments, account))
            stop.wait()
    except (CaptureError, CertificateError) as error:
        return _fail(str(error), 2)
    except OSError as error:
        host, port = arguments.listen_address
        return _fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try another --listen-address", 1)
    return 0


def _what_does_not_fit(arguments: argparse.Namespace) -> str | None:
    if arguments.history is not None and (arguments.capture is not None or arguments.fault or arguments.cloud):
        return "--history is of a profile in good health: it goes with neither --capture nor --fault nor --cloud"
    if arguments.capture is not None:
        return "--stream is for a profile: a capture says what it said" if arguments.stream is not None else None
    if PROFILES[arguments.profile].wants_token or (arguments.role == "owner" and arguments.stream is None):
        return None
    return f"--role and --stream need firmware 7 or newer, and {arguments.profile} is older; see --list"


def _write_history(arguments: argparse.Namespace, now: float) -> int:
    """To the last whole interval before now. Whoever has read enough may close the pipe."""
    profile = PROFILES[arguments.profile]
    end = now // arguments.every * arguments.every
    start = end - arguments.history // arguments.every * arguments.every
    plant = Plant(profile.design, seed=arguments.seed, start=start)
    labels = {"job": arguments.job, "instance": arguments.instance}
    try:
        moments = instants(profile, plant, start, end, arguments.every)
        sys.stdout.writelines(history(profile, moments, labels, inverters=arguments.inverters))
        _say(END.rstrip())
    except BrokenPipeError:
        sys.stdout = None  # nobody reads what is still in it
    return 0


def _gateway(arguments: argparse.Namespace) -> Simulator:
    host, port = arguments.listen_address
    if arguments.capture is not None:
        return Simulator.of_capture(
            arguments.capture, tls=arguments.tls, host=host, port=port, latency=arguments.latency, seed=arguments.seed
        )
    profile = PROFILES[arguments.profile]
    if arguments.stream is not None:
        profile = dataclasses.replace(profile, streams=arguments.stream)
    return Simulator(
        profile,
        tls=arguments.tls,
        host=host,
        port=port,
        latency=arguments.latency,
        seed=arguments.seed,
        day=arguments.day,
    )


@contextmanager
def _cloud(arguments: argparse.Namespace, gateway: Simulator) -> Iterator[list[str]]:
    """What to write into exporter.yml to log in at the cloud that runs meanwhile; nothing if none was asked for."""
    if not arguments.cloud:
        yield []
        return
    with Cloud(gateway.serial) as cloud, TemporaryDirectory(prefix="envoy-exporter-") as folder:
        authority = Path(folder) / "cloud.pem"
        authority.write_bytes(cloud.authority)
        yield [
            "enlighten:",
            f"  username: {cloud.username}",
            f"  password: {cloud.password}",
            f"  login_url: {cloud.login_url}",
            f"  token_url: {cloud.token_url}",
            f"  ca_file: {authority}",
        ]


def _introduction(gateway: Simulator, arguments: argparse.Namespace, account: list[str]) -> list[str]:
    """Where it is, how to get in, and the lines of exporter.yml that scrape it."""
    lines = [
        f"A simulated gateway listens on {gateway.scheme}://{gateway.address}",
        f"  profile   {arguments.capture or arguments.profile}",
        f"  serial    {gateway.serial}",
        *(f"  fault     {FAULTS[each.name].about}" for each in arguments.fault),
    ]
    if gateway.wants_token and arguments.tls is None and not can_certify():
        lines.append("  no TLS: pip install '.[simulator]' for HTTPS; tokens are checked all the same")
    scheme = [] if gateway.scheme == "https" else ["    scheme: http"]
    if gateway.wants_token:
        token = gateway.token if arguments.role == "owner" else gateway.make_token(enphaseUser=arguments.role)
        lines.append(f"  token     {token}")
        credentials = f'    token: "{token}"'
    else:
        lines.append(f"  username  {gateway.username}")
        lines.append(f"  password  {gateway.password}")
        credentials = f'    local: {{username: {gateway.username}, password: "{gateway.password}"}}'
    if account:
        credentials = f'    serial: "{gateway.serial}"'
    config = ["gateways:", f"  - host: {gateway.address}", credentials, *scheme, *account]
    return [*lines, "", "exporter.yml:", *config, "", "Ctrl-C ends it."]


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"envoy-exporter simulate: {message}\n")
    return code
