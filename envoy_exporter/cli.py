"""The command line: flags, subcommands and signals."""

import argparse
import asyncio
import contextlib
import logging
import os
import platform
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from . import __version__, config, logs
from .app import COLLECTORS, App, WebConfigFile
from .clock import SystemClock
from .commands import COMMANDS, FAILURE, USAGE_ERROR, command, print_errors
from .config import Config, ConfigError
from .secret import Redaction
from .telemetry import Telemetry
from .web.access import AccessMiddleware, ConcurrencyLimit
from .web.routes import Exporter, create
from .web.server import Server, listen, systemd_sockets

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 for success, 1 if the address cannot be used, 2 for an invalid flag or config."""
    logs.catch_uncaught()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words and words[0] in COMMANDS:
        return _run_command(words[0], words[1:])
    if words and words[0] == "simulate":
        print_errors("unknown command simulate; use envoy-simulator, which is installed with envoy-exporter")
        return USAGE_ERROR
    flags = _parser().parse_args(words)
    redaction = Redaction()
    logs.set_up(flags.log_level, flags.log_format, redaction)
    with _demo() if flags.demo else contextlib.nullcontext() as demo:
        try:
            return _serve(flags, redaction, lambda: demo or config.load(flags.config_file, os.environ, COLLECTORS))
        except ConfigError as error:
            print_errors(*map(redaction.redact, error.problems))
            return USAGE_ERROR
        except (OSError, ValueError) as error:
            print_errors(str(error))
            return USAGE_ERROR if isinstance(error, ValueError) else FAILURE


def _run_command(name: str, arguments: Sequence[str]) -> int:
    module = command(name)
    parser = argparse.ArgumentParser(f"envoy-exporter {name}", description=module.__doc__, allow_abbrev=False)
    module.add_arguments(parser)
    return module.run(parser.parse_args(arguments))


def _demo() -> contextlib.AbstractContextManager[Config]:
    from .commands import demo  # noqa: PLC0415  # imports the simulator, which takes time

    return demo.running()


def _serve(flags: argparse.Namespace, redaction: Redaction, load: Callable[[], Config]) -> int:
    """Raises ConfigError, OSError for an address that cannot be used, ValueError for an invalid address."""
    telemetry = Telemetry(__version__)
    switches = {name: getattr(flags, f"collector_{name}") for name in COLLECTORS}
    app = App(
        clock=SystemClock(),
        random=Random(),  # noqa: S311  # spreads requests over time, protects nothing
        telemetry=telemetry,
        redaction=redaction,
        collectors={name: enabled for name, enabled in switches.items() if enabled is not None},
    )
    loaded, web_file = _load_both(load, lambda: WebConfigFile(flags.web_config_file))
    served = app.build(loaded)
    if flags.config_check:
        warnings = list(app.warnings())
        print("the config is valid" + (", with warnings:" if warnings else ""), *warnings, sep="\n")
        return 0
    sockets = systemd_sockets() if flags.web_systemd_socket else listen(flags.web_listen_address or [":9433"])

    def reload() -> Sequence[str]:
        try:
            exporter.served = app.build(load())
        except ConfigError as error:
            telemetry.reload_successful.set(0)
            for problem in error.problems:
                log.error("the config stays as it was: %s", problem)  # noqa: TRY400
            return [redaction.redact(problem) for problem in error.problems]
        log.info("the config was loaded anew")
        return ()

    exporter = Exporter(served, telemetry, reload, __version__, flags.web_telemetry_path)
    application = AccessMiddleware(ConcurrencyLimit(create(exporter), flags.web_max_requests), web_file)
    _announce(sockets, flags, secured=web_file.current().context is not None)
    asyncio.run(_run(Server(application, web_file), sockets, app, reload))
    return 0


def _load_both(load: Callable[[], Config], open_web_file: Callable[[], WebConfigFile]) -> tuple[Config, WebConfigFile]:
    """The config and the web config file. Raises ConfigError with the problems of both."""
    problems: list[str] = []
    try:
        loaded = load()
    except ConfigError as error:
        problems += error.problems
    try:
        web_file = open_web_file()
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return loaded, web_file


async def _run(server: Server, sockets: list[socket.socket], app: App, reload: Callable[[], object]) -> None:
    """Serve until SIGTERM or SIGINT; a second signal drops the open requests."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.stop()
        app.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve(sockets=sockets)


def _announce(sockets: Sequence[socket.socket], flags: argparse.Namespace, *, secured: bool) -> None:
    for each in sockets:
        host, port, *_ = each.getsockname()
        log.info("listening on %s, port %d%s", host or "every address", port, " (TLS)" if secured else "")
    if flags.demo:
        port = sockets[0].getsockname()[1]
        print(
            "Demo: the gateway is simulated, and a day takes twenty minutes.\n"
            f"  Metrics      http://localhost:{port}{flags.web_telemetry_path}\n"
            f"  Landing page http://localhost:{port}/\n"
            "Press Ctrl-C to stop.",
            flush=True,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "envoy-exporter",
        description="A Prometheus exporter for the Enphase Envoy (IQ Gateway).",
        epilog=f"Subcommands, each with its own --help: {', '.join(COMMANDS)}.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        help="Read the configuration from FILE (default: exporter.yml, or ENVOY_* variables).",
    )
    add(
        "--config.check",
        dest="config_check",
        action="store_true",
        help="Validate the configuration, print all errors and exit.",
    )
    add("--demo", action="store_true", help="Serve a simulated gateway; no configuration is needed.")
    add(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        metavar="ADDRESS",
        help="Listen on ADDRESS (default: :9433). Can be repeated.",
    )
    add(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        metavar="FILE",
        help="Read TLS and basic auth settings of the exporter's port from FILE (default: none).",
    )
    add(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="Serve the metrics on PATH (default: /metrics).",
    )
    add(
        "--web.max-requests",
        dest="web_max_requests",
        type=_natural,
        default=40,
        metavar="N",
        help="Limit the number of concurrent requests to N (default: 40). 0 means no limit.",
    )
    add(
        "--web.systemd-socket",
        dest="web_systemd_socket",
        action="store_true",
        help="Listen on the sockets of a systemd socket unit instead of --web.listen-address.",
    )
    for name in COLLECTORS:
        add(
            f"--collector.{name}",
            dest=f"collector_{name}",
            action=argparse.BooleanOptionalAction,
            help=f"Enable or disable the {name} collector (overrides the config file).",
        )
    add(
        "--log.level",
        dest="log_level",
        choices=logs.LEVELS,
        default="info",
        help="Log messages of this level and above (default: info).",
    )
    add(
        "--log.format",
        dest="log_format",
        choices=logs.FORMATS,
        default="logfmt",
        help="Write the log in this format (default: logfmt).",
    )
    version = f"envoy_exporter {__version__} (Python {platform.python_version()})"
    add("--version", action="version", version=version, help="Print the version and exit.")
    return parser


def _path(text: str) -> str:
    reserved = {"/", "/probe", "/telemetry", "/sd", "/config", "/-/healthy", "/-/ready", "/-/reload"}
    if not text.startswith("/") or text in reserved or any(character in text for character in "{}?# "):
        raise argparse.ArgumentTypeError(f"invalid path {text!r}; use one that starts with / and has no other purpose")
    return text


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be an integer >= 0")
    return int(text)
