"""`envoy-simulator`: a gateway to run an exporter against, from a profile or from a capture."""

import argparse
import dataclasses
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from envoy_simulator.arguments import parser
from envoy_simulator.capture import CaptureError
from envoy_simulator.certificate import CertificateError, can_certify
from envoy_simulator.cloud import Cloud
from envoy_simulator.faults import FAULTS
from envoy_simulator.faults.spec import catalogue
from envoy_simulator.history import END, history, instants
from envoy_simulator.profiles import PROFILES
from envoy_simulator.simulator import Simulator
from envoy_simulator.system_model import SystemModel


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 cannot listen, 2 invalid flags or a capture that cannot be replayed."""
    return run(parser().parse_args(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. The exit code of main()."""
    if arguments.list:
        _print(*(f"{name:10} {profile.software:10} {profile.description}" for name, profile in PROFILES.items()))
        return 0
    if None in arguments.fault:
        _print(*catalogue())
        return 0
    if conflict := _conflict(arguments):
        return _fail(conflict, 2)
    if arguments.history is not None:
        return _write_history(arguments, time.time())
    stop = Event()
    try:
        with _gateway(arguments) as gateway, _cloud(arguments, gateway) as account:
            for fault in arguments.fault:
                gateway.faults.on(fault.name, fault.when, **fault.options)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            _print(*_introduction(gateway, arguments, account))
            stop.wait()
    except (CaptureError, CertificateError) as error:
        return _fail(str(error), 2)
    except OSError as error:
        host, port = arguments.listen_address
        return _fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try another --listen-address", 1)
    return 0


def _conflict(arguments: argparse.Namespace) -> str | None:
    """The error message if the flags cannot be combined."""
    if arguments.history is not None and (arguments.capture is not None or arguments.fault or arguments.cloud):
        return "--history cannot be combined with --capture, --fault or --cloud"
    if arguments.capture is not None:
        return "--stream cannot be combined with --capture" if arguments.stream is not None else None
    if PROFILES[arguments.profile].requires_token or (arguments.role == "owner" and arguments.stream is None):
        return None
    return f"--role and --stream are unsupported by profile {arguments.profile}: use one with firmware 7 or newer"


def _write_history(arguments: argparse.Namespace, now: float) -> int:
    """Write the history up to the last whole interval before `now`. A pipe that the reader closes is not an error."""
    profile = PROFILES[arguments.profile]
    end = now // arguments.every * arguments.every
    start = end - arguments.history // arguments.every * arguments.every
    system = SystemModel(profile.design, seed=arguments.seed, start=start)
    labels = {"job": arguments.job, "instance": arguments.instance}
    try:
        moments = instants(profile, system, start, end, arguments.every)
        sys.stdout.writelines(history(profile, moments, labels, inverters=arguments.inverters))
        _print(END.rstrip())
    except BrokenPipeError:
        sys.stdout = None  # or the interpreter writes the rest at exit, and fails
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
    """Run the cloud, if `--cloud` is given. Yields the lines of exporter.yml that log in to it."""
    if not arguments.cloud:
        yield []
        return
    with Cloud(gateway.serial) as cloud, TemporaryDirectory(prefix="envoy-simulator-") as folder:
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
    """The address, the credentials, and the lines of exporter.yml that scrape it."""
    lines = [
        f"A simulated gateway listens on {gateway.scheme}://{gateway.address}",
        f"  profile   {arguments.capture or arguments.profile}",
        f"  serial    {gateway.serial}",
        *(f"  fault     {FAULTS[fault.name].description}" for fault in arguments.fault),
    ]
    if gateway.requires_token and arguments.tls is None and not can_certify():
        lines.append("  no TLS: pip install '.[simulator]' for HTTPS; tokens are required without TLS too")
    scheme = [] if gateway.scheme == "https" else ["    scheme: http"]
    if gateway.requires_token:
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
    return [*lines, "", "exporter.yml:", *config, "", "Stop it with Ctrl-C."]


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"envoy-simulator: {message}\n")
    return code
