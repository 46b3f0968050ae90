"""Fetch tokens from Enlighten with your account, and write each to a file. The password is not stored."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from envoy_exporter import __version__, config
from envoy_exporter import token as tokens
from envoy_exporter.app import COLLECTORS
from envoy_exporter.clock import SystemClock, utc_date
from envoy_exporter.enlighten.client import LOGIN_URL, TOKEN_URL, AccountSettings, Enlighten, EnlightenError
from envoy_exporter.enlighten.token_store import write
from envoy_exporter.secret import Secret, from_file, printable_path
from envoy_exporter.token import Token

from . import FAILURE, USAGE_ERROR, add_config_file, print_stderr

_OF_ONE_GATEWAY = {"serial", "unusable"}
"""Results of Enlighten after which another gateway may still get a token."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--username", metavar="E-MAIL", help="Log in to Enlighten as E-MAIL (default: ENVOY_USERNAME, or a prompt).")
    add(
        "--serial",
        metavar="DIGITS",
        help="Fetch a token for the gateway with this serial number (default: ENVOY_SERIAL,"
        " each gateway in the configuration, or a prompt).",
    )
    add_config_file(parser)
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="Read the password from FILE (default: ENVOY_PASSWORD, or a prompt).",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="Write the token to FILE (default: the configured token_file, or SERIAL.token).",
    )
    output.add_argument("--print", action="store_true", help="Print the token instead of writing it to a file.")
    add("--login-url", default=LOGIN_URL, metavar="URL", help="Log in at URL instead of Enlighten, for tests.")
    add(
        "--token-url",
        default=TOKEN_URL,
        metavar="URL",
        help="Fetch the token from URL instead of Enlighten, for tests.",
    )
    add(
        "--ca-file",
        metavar="FILE",
        help="Trust the CA certificates in FILE, for a proxy that intercepts TLS (default: none).",
    )


@dataclass(frozen=True, slots=True)
class _Target:
    """A gateway that needs a token, and the file for it. `name`: its name in the config, "" if it is not from there."""

    serial: str
    file: Path
    name: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 with a token, 1 if one cannot be fetched or written, 2 for an invalid flag, config or input."""
    try:
        username = _username(arguments)
        targets = _targets(arguments)
        login = _login(arguments, username)
        enlighten = Enlighten(
            login, clock=SystemClock(), count_response=lambda _: None, user_agent=f"envoy_exporter/{__version__}"
        )
        if not arguments.print:
            targets = [replace(target, file=_checked(target.file)) for target in targets]
        return _fetch(enlighten, targets, to_stdout=arguments.print)
    except OSError as error:
        return _fail(f"{error.filename or 'file error'}: {error.strerror or error}", FAILURE)
    except config.ConfigError as error:
        print_stderr(*error.problems)
        return USAGE_ERROR
    except (ValueError, EOFError) as error:
        return _fail(str(error) or "no terminal; use --username, --serial and --password-file", USAGE_ERROR)
    except KeyboardInterrupt:
        return FAILURE


def _fetch(enlighten: Enlighten, targets: Iterable[_Target], *, to_stdout: bool) -> int:
    """A token for each gateway; an error that is only about one of them does not stop the others. Raises OSError."""
    code = 0
    for target in targets:
        print_stderr(f"requesting a token for gateway {target.serial} from Enlighten")
        try:
            token = enlighten.token(target.serial)
        except EnlightenError as error:
            code = _fail(str(error), FAILURE)
            if error.result not in _OF_ONE_GATEWAY:
                break
            continue
        if to_stdout:
            print(token.secret.reveal())
        else:
            write(target.file, token.secret.reveal() + "\n")
            print_stderr(*_instructions(token, target))
    return code


def _targets(arguments: argparse.Namespace) -> list[_Target]:
    """The gateway of --serial or ENVOY_SERIAL, else those of the config, else that of a prompt.

    Raises ValueError, EOFError or ConfigError.
    """
    serial = arguments.serial or os.environ.get("ENVOY_SERIAL")
    targets = [] if serial else list(_configured(arguments.config_file))
    if not targets:
        serial = serial or _prompt("Serial number of the gateway: ")
        if not re.fullmatch(r"\d{4,32}", serial):
            raise ValueError(f"invalid serial number {serial!r}; use the 12 digits on the gateway's label")
        targets = [_Target(serial, Path(f"{serial}.token"))]
    if len(targets) > 1 and (arguments.output or arguments.print):
        names = ", ".join(target.name for target in targets)
        raise ValueError(f"--output and --print are for one gateway, and the config has {names}; add --serial")
    return [replace(target, file=arguments.output or target.file) for target in targets]


def _configured(file: Path | None) -> Iterator[_Target]:
    """The gateways of the config with a serial. Yields nothing if there is no config."""
    try:
        gateways = config.load(file, {}, COLLECTORS).gateways
    except config.NoConfig:
        return
    for gateway in gateways:
        if gateway.serial is None:
            print_stderr(f"{gateway.name}: no token without its serial; set serial in the config, or use --serial")
        else:
            yield _Target(gateway.serial, gateway.token_file or Path(f"{gateway.serial}.token"), gateway.name)


def _username(arguments: argparse.Namespace) -> str:
    """From the flag, the environment or a prompt. Raises ValueError or EOFError."""
    account = os.environ.get("ENVOY_USERNAME", "")
    username = arguments.username or (account if "@" in account else "") or _prompt("E-mail of the Enlighten account: ")
    if "@" not in username:
        raise ValueError("invalid account; use the e-mail address of the Enlighten account")
    return str(username)


def _login(arguments: argparse.Namespace, username: str) -> AccountSettings:
    """The account with its password, from a file, the environment or a prompt. Raises ValueError, EOFError or OSError.

    Beside another name in ENVOY_USERNAME, ENVOY_PASSWORD is the password of a local user of the gateway.
    """
    if arguments.password_file is not None:
        password = from_file(arguments.password_file)
    else:
        is_local = "@" not in (os.environ.get("ENVOY_USERNAME") or arguments.username or "")
        password = "" if is_local else os.environ.get("ENVOY_PASSWORD", "")
        password = password or _prompt("Password (not stored): ", getpass.getpass)
    return AccountSettings(
        username=username,
        password=Secret(password),
        login_url=arguments.login_url,
        token_url=arguments.token_url,
        ca_file=arguments.ca_file,
    )


def _prompt(text: str, read: Callable[[str], str] | None = None) -> str:
    if not sys.stdin.isatty():
        raise EOFError
    if read is not None:
        return read(text)
    sys.stderr.write(text)  # standard output is for the token, with --print
    sys.stderr.flush()
    return input().strip()


def _checked(file: Path) -> Path:
    """The file for the token. Raises ValueError if it cannot be written, or has other content, which would be lost."""
    path = file.absolute()
    if not path.parent.is_dir():
        raise ValueError(f"{printable_path(path.parent)} is not a directory; create it, or use --output")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ValueError(f"{path.parent} is not writable for this user; use sudo, or --output")
    try:
        content = from_file(path)
        is_token = not content or tokens.parse(content).expires is not None
    except FileNotFoundError:
        return path
    except ValueError:
        is_token = False
    if not is_token:
        raise ValueError(f"{path} exists and contains no token; use another file for --output")
    return path


def _instructions(token: Token, target: _Target) -> Iterator[str]:
    """A summary of the token, and the lines to add to the config."""
    until = utc_date(token.expires or 0.0)
    yield f"{target.file}: token with the role {token.user or 'unknown'}, valid until {until}"
    if not target.name:
        yield from (
            "",
            "exporter.yml:",
            "gateways:",
            "  - host: 192.168.1.20        # the address of your gateway",
            f'    serial: "{target.serial}"',
            f"    token_file: {target.file}",
            "",
        )
    yield "Run this command again before the token expires: a running exporter reloads the file when it changes."


def _fail(message: str, code: int) -> int:
    print_stderr(f"envoy-exporter login: {message}")
    return code
