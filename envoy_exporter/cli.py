"""The command line: flags, subcommands and signals."""

import argparse
import asyncio
import contextlib
import logging
import os
import platform
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from . import __version__, config, logs
from .app import COLLECTORS, App, WebConfigFile
from .clock import SystemClock
from .collectors import COLLECTORS as ALL_COLLECTORS
from .collectors.summaries import SUMMARIES
from .commands import COMMANDS, FAILURE, USAGE_ERROR, add_config_file, command, print_stderr, summary
from .commands.parser import CommandParser
from .config import Config, ConfigError
from .secret import Redaction
from .telemetry import Telemetry
from .web.access import AccessMiddleware, ConcurrencyLimit
from .web.location import external_url, location, route_prefix
from .web.routes import Exporter, create
from .web.server import Server, listen, systemd_sockets

log = logging.getLogger(__name__)

_Value = TypeVar("_Value")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 for success, 1 if the address cannot be used, 2 for an invalid flag or config."""
    logs.catch_uncaught()
    words = _without_help_and_version(sys.argv[1:] if arguments is None else list(arguments))
    if words and words[0] in COMMANDS:
        return _run_command(words[0], words[1:])
    if words and words[0] == "simulate":
        print_stderr("unknown command simulate; use envoy-simulator, which is installed with envoy-exporter")
        return USAGE_ERROR
    flags = _parser().parse_args(words)
    redaction = Redaction()
    logs.set_up(flags.log_level, flags.log_format, redaction)
    with _demo() if flags.demo else contextlib.nullcontext() as demo:
        try:
            return _serve(flags, redaction, lambda: demo or config.load(flags.config_file, os.environ, COLLECTORS))
        except ConfigError as error:
            print_stderr(*map(redaction.redact, error.problems))
            return USAGE_ERROR
        except (OSError, ValueError) as error:
            print_stderr(str(error))
            return USAGE_ERROR if isinstance(error, ValueError) else FAILURE


def _without_help_and_version(words: list[str]) -> list[str]:
    """The arguments with flags instead of `help`, `help COMMAND` and `version`."""
    match words:
        case ["help", *command]:
            return [*command[:1], "--help"]
        case ["version"]:
            return ["--version"]
    return words


def _run_command(name: str, arguments: Sequence[str]) -> int:
    module = command(name)
    parser = CommandParser(prog=f"envoy-exporter {name}", description=module.__doc__)
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
    _log_warnings(app)
    sockets = systemd_sockets() if flags.web_systemd_socket else listen(flags.web_listen_address or [":9433"])

    def reload() -> Sequence[str]:
        try:
            exporter.served = app.build(load())
        except ConfigError as error:
            telemetry.reload_successful.set(0)
            for problem in error.problems:
                log.error("config is invalid, the current one stays in force", extra={"problem": problem})  # noqa: TRY400
            return [redaction.redact(problem) for problem in error.problems]
        log.info("config reloaded")
        _log_warnings(app)
        return ()

    place = location(flags.web_external_url, flags.web_route_prefix)
    exporter = Exporter(served, telemetry, reload, __version__, flags.web_telemetry_path, place)
    limited = ConcurrencyLimit(create(exporter), flags.web_max_requests, place.prefix)
    application = AccessMiddleware(limited, web_file)
    _announce(sockets, flags, place.prefix, secured=web_file.current().context is not None)
    asyncio.run(_run(Server(application, web_file), sockets, app, reload))
    return 0


def _log_warnings(app: App) -> None:
    for warning in app.warnings():
        log.warning("config warning", extra={"problem": warning})


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

    def stop(number: signal.Signals) -> None:
        log.info("stopping", extra={"signal": number.name})
        server.stop()
        app.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve(sockets=sockets)


def _announce(sockets: Sequence[socket.socket], flags: argparse.Namespace, prefix: str, *, secured: bool) -> None:
    for listener in sockets:
        scheme = {"scheme": "https" if secured else "http"}
        log.info("listening", extra={**_address(listener), **scheme})
    if flags.demo:
        url = f"http://localhost:{_address(sockets[0]).get('port', 80)}{prefix}"
        print(
            "Demo: the gateway is simulated, and a day takes twenty minutes.\n"
            f"  Metrics      {url}{flags.web_telemetry_path}\n"
            f"  Landing page {url}/\n"
            "Press Ctrl-C to stop.",
            flush=True,
        )


def _address(listener: socket.socket) -> dict[str, object]:
    """The address and port of a socket; a Unix socket (of systemd) has a path instead."""
    name = listener.getsockname()
    return {"address": name} if listener.family == socket.AF_UNIX else {"address": name[0], "port": name[1]}


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="envoy-exporter",
        description="A Prometheus exporter for the Enphase Envoy (IQ Gateway).",
        commands=(*COMMANDS, "help", "version"),
        more_help=_commands_help,
    )

    def add(flag: str, text: str, **options: Any) -> None:
        parser.add_argument(flag, dest=re.sub(r"\W", "_", flag.removeprefix("--")), help=text, **options)

    file: dict[str, Any] = {"type": Path, "metavar": "FILE"}
    add_config_file(parser)
    add("--config.check", "Validate the configuration, print all errors and exit.", action="store_true")
    add("--demo", "Serve a simulated gateway; no configuration is needed.", action="store_true")
    listen_on = "Listen on ADDRESS (default: :9433). Can be repeated."
    add("--web.listen-address", listen_on, action="append", metavar="ADDRESS")
    add(
        "--web.config.file",
        "Read TLS and basic auth settings of the exporter's port from FILE (default: none).",
        **file,
    )
    url = "URL at which clients reach the exporter, for /sd and redirects behind a reverse proxy (default: none)."
    add("--web.external-url", url, type=_checked(external_url), metavar="URL")
    prefix = "Serve all paths below PATH (default: the path of --web.external-url, or /)."
    add("--web.route-prefix", prefix, type=_checked(route_prefix), metavar="PATH")
    path = "Serve the metrics on PATH (default: /metrics)."
    add("--web.telemetry-path", path, type=_path, default="/metrics", metavar="PATH")
    limit = "Limit the number of concurrent requests to N (default: 40). 0 means no limit."
    add("--web.max-requests", limit, type=_natural, default=40, metavar="N")
    systemd = "Listen on the sockets of a systemd socket unit instead of --web.listen-address."
    add("--web.systemd-socket", systemd, action="store_true")
    for collector in ALL_COLLECTORS:
        default = "on" if collector.enabled_by_default else "off"
        scope = f"Enable or disable the {collector.name} collector (default: {default}; overrides the config file)"
        text = f"{scope}. {SUMMARIES[collector.name]}."
        add(f"--collector.{collector.name}", text, action=argparse.BooleanOptionalAction)
    add("--log.level", "Log messages of this level and above (default: info).", choices=logs.LEVELS, default="info")
    add("--log.format", "Write the log in this format (default: logfmt).", choices=logs.FORMATS, default="logfmt")
    version = f"envoy_exporter {__version__} (Python {platform.python_version()})"
    parser.add_argument("--version", action="version", version=version, help="Print the version and exit.")
    return parser


def _commands_help() -> str:
    lines = [f"  {name:<12}{summary(name)}" for name in COMMANDS]
    words = (
        "  help        Print this text, or that of a command (envoy-exporter help login).",
        "  version     Print the version.",
    )
    return "\n".join(("commands, each with its own --help:", *lines, *words))


def _path(text: str) -> str:
    reserved = {"/", "/probe", "/telemetry", "/sd", "/config", "/-/healthy", "/-/ready", "/-/reload"}
    if not text.startswith("/") or text in reserved or any(character in text for character in "{}?# "):
        raise argparse.ArgumentTypeError(f"invalid path {text!r}; use one that starts with / and has no other purpose")
    return text


def _checked(read: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """The same function, with its ValueError as an error of the flag."""

    def convert(text: str) -> _Value:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be an integer >= 0")
    return int(text)
