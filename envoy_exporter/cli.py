"""The command: its flags and verbs, and serving until somebody says that it is enough."""

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
from .commands import VERBS, verb
from .config import Config, ConfigError
from .secret import Redaction
from .telemetry import Telemetry
from .web.access import AccessMiddleware, ConcurrencyLimit
from .web.routes import Exporter, create
from .web.server import Server, listen, passed_by_systemd

log = logging.getLogger(__name__)

WRONG, UNABLE = 2, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 cannot listen, 2 a wrong flag or config."""
    logs.catch_uncaught()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words and words[0] in VERBS:
        return _verb(words[0], words[1:])
    if words and words[0] == "simulate":
        print("unknown command simulate; use envoy-simulator, which is installed with it", file=sys.stderr)
        return WRONG
    flags = _parser().parse_args(words)
    redaction = Redaction()
    logs.set_up(flags.log_level, flags.log_format, redaction)
    with _demonstration() if flags.demo else contextlib.nullcontext() as shown:
        try:
            return _serve(flags, redaction, lambda: shown or config.load(flags.config_file, os.environ, COLLECTORS))
        except ConfigError as error:
            print(redaction.redact("\n".join(error.problems)), file=sys.stderr)
            return WRONG
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr)
            return WRONG if isinstance(error, ValueError) else UNABLE


def _verb(name: str, words: Sequence[str]) -> int:
    asked = verb(name)
    parser = argparse.ArgumentParser(f"envoy-exporter {name}", description=asked.__doc__, allow_abbrev=False)
    asked.add_arguments(parser)
    return asked.run(parser.parse_args(words))


def _demonstration() -> contextlib.AbstractContextManager[Config]:
    from .commands import demo  # noqa: PLC0415  # imports the simulator, which slows the start

    return demo.running()


def _serve(flags: argparse.Namespace, redaction: Redaction, load: Callable[[], Config]) -> int:
    """Raises ConfigError, OSError for an address that is taken, ValueError for one that is none."""
    telemetry = Telemetry(__version__)
    chosen = {name: getattr(flags, f"collector_{name}") for name in COLLECTORS}
    app = App(
        clock=SystemClock(),
        random=Random(),  # noqa: S311  # spreads requests, hides nothing
        telemetry=telemetry,
        redaction=redaction,
        collectors={name: on for name, on in chosen.items() if on is not None},
    )
    loaded, web_file = _both(load, lambda: WebConfigFile(flags.web_config_file))
    served = app.build(loaded)
    if flags.config_check:
        doubts = list(app.doubts())
        print("\n".join(["the config is fine, but", *doubts] if doubts else ["the config is fine"]))
        return 0
    sockets = passed_by_systemd() if flags.web_systemd_socket else listen(flags.web_listen_address or [":9433"])

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


def _both(load: Callable[[], Config], open_web_file: Callable[[], WebConfigFile]) -> tuple[Config, WebConfigFile]:
    """Raises ConfigError with the problems of either file, so that nobody mends one to hear of the other."""
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
    """Until SIGTERM or SIGINT; a second one does not wait for anybody."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.stop()
        app.close()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve(sockets=sockets)


def _announce(sockets: Sequence[socket.socket], flags: argparse.Namespace, *, secured: bool) -> None:
    for each in sockets:
        host, port, *_ = each.getsockname()
        log.info("listening on %s, port %d%s", host or "every address", port, " (TLS)" if secured else "")
    if flags.demo:
        port = sockets[0].getsockname()[1]
        print(
            "This is a demonstration: the gateway is simulated, and its sun takes twenty minutes for a day.\n"
            f"  the metrics    http://localhost:{port}{flags.web_telemetry_path}\n"
            f"  the exporter   http://localhost:{port}/\n"
            "Stop it with Ctrl-C.",
            flush=True,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "envoy-exporter",
        description="A Prometheus exporter for the Enphase Envoy (IQ Gateway).",
        epilog=f"Verbs, each with its own --help: {', '.join(VERBS)}.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--config.file", dest="config_file", type=Path, metavar="FILE", help="the config (exporter.yml)")
    add("--config.check", dest="config_check", action="store_true", help="check the config, tell all problems, and end")
    add("--demo", action="store_true", help="serve a simulated gateway; nothing else is needed")
    add(
        "--web.listen-address",
        dest="web_listen_address",
        action="append",
        metavar="ADDRESS",
        help="where to listen (:9433); may be given several times",
    )
    add("--web.config.file", dest="web_config_file", type=Path, metavar="FILE", help="TLS and basic auth of our port")
    add(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="(/metrics)",
    )
    add(
        "--web.max-requests",
        dest="web_max_requests",
        type=_natural,
        default=40,
        metavar="N",
        help="how many requests at once (40); 0 for no limit",
    )
    add("--web.systemd-socket", dest="web_systemd_socket", action="store_true", help="listen on systemd's sockets")
    for name in COLLECTORS:
        add(
            f"--collector.{name}",
            dest=f"collector_{name}",
            action=argparse.BooleanOptionalAction,
            help=f"read {name}, whatever the config says, or do not",
        )
    add("--log.level", dest="log_level", choices=logs.LEVELS, default="info", help="(info)")
    add("--log.format", dest="log_format", choices=logs.FORMATS, default="logfmt", help="(logfmt)")
    version = f"envoy_exporter {__version__} (Python {platform.python_version()})"
    add("--version", action="version", version=version)
    return parser


def _path(text: str) -> str:
    taken = {"/", "/probe", "/telemetry", "/sd", "/config", "/-/healthy", "/-/ready", "/-/reload"}
    if not text.startswith("/") or text in taken or any(each in text for each in "{}?# "):
        raise argparse.ArgumentTypeError(f"{text!r} is no path for metrics; it begins with / and is not one of ours")
    return text


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)
