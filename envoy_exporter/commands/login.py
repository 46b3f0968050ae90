"""Fetch a token from Enlighten with your account, and write it to a file. The password is not stored."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from envoy_exporter import __version__
from envoy_exporter import token as tokens
from envoy_exporter.clock import SystemClock, utc_date
from envoy_exporter.enlighten.client import LOGIN_URL, TOKEN_URL, AccountSettings, Enlighten, EnlightenError
from envoy_exporter.enlighten.token_store import write
from envoy_exporter.secret import Secret, from_file
from envoy_exporter.token import Token

from . import FAILURE, USAGE_ERROR, print_stderr


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--username", metavar="E-MAIL", help="Log in to Enlighten as E-MAIL (default: ENVOY_USERNAME, or a prompt).")
    add(
        "--serial",
        metavar="DIGITS",
        help="Fetch a token for the gateway with this serial number (default: ENVOY_SERIAL, or a prompt).",
    )
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="Read the password from FILE (default: ENVOY_PASSWORD, or a prompt).",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--output", type=Path, metavar="FILE", help="Write the token to FILE (default: SERIAL.token).")
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


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 with a token, 1 if it cannot be fetched or written, 2 for an invalid flag or input."""
    try:
        serial, login = _inputs(arguments)
        output = None if arguments.print else _output(arguments.output, serial)
        enlighten = Enlighten(
            login, clock=SystemClock(), count_response=lambda _: None, user_agent=f"envoy_exporter/{__version__}"
        )
        print_stderr(f"requesting a token for gateway {serial} from Enlighten")
        token = enlighten.token(serial)
        if output is None:
            print(token.secret.reveal())
        else:
            write(output, token.secret.reveal() + "\n")
            print_stderr(*_instructions(token, serial, output))
    except EnlightenError as error:
        return _fail(str(error), FAILURE)
    except OSError as error:
        return _fail(f"{error.filename or 'file error'}: {error.strerror or error}", FAILURE)
    except (ValueError, EOFError) as error:
        return _fail(str(error) or "no terminal; use --username, --serial and --password-file", USAGE_ERROR)
    except KeyboardInterrupt:
        return FAILURE
    return 0


def _inputs(arguments: argparse.Namespace) -> tuple[str, AccountSettings]:
    """The serial and the login, from flags, the environment or prompts. Raises ValueError, EOFError or OSError."""
    account = os.environ.get("ENVOY_USERNAME", "")
    username = arguments.username or (account if "@" in account else "") or _prompt("E-mail of the Enlighten account: ")
    if "@" not in username:
        raise ValueError("invalid account; use the e-mail address of the Enlighten account")
    serial = arguments.serial or os.environ.get("ENVOY_SERIAL") or _prompt("Serial number of the gateway: ")
    if not re.fullmatch(r"\d{4,32}", serial):
        raise ValueError(f"invalid serial number {serial!r}; use the 12 digits on the gateway's label")
    if arguments.password_file is not None:
        password = from_file(arguments.password_file)
    else:
        # Without an account in ENVOY_USERNAME, the variable may be the password of a local user of the gateway.
        password = (os.environ.get("ENVOY_PASSWORD", "") if "@" in account else "") or _prompt(
            "Password (not stored): ", getpass.getpass
        )
    return serial, AccountSettings(
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


def _output(requested: Path | None, serial: str) -> Path:
    """The file for the token. Raises ValueError if it contains anything else, which would be lost."""
    path = (requested or Path(f"{serial}.token")).absolute()
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is not a directory")
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


def _instructions(token: Token, serial: str, output: Path) -> list[str]:
    """A summary of the token, and the lines to add to the config."""
    until = utc_date(token.expires or 0.0)
    return [
        f"{output}: token with the role {token.user or 'unknown'}, valid until {until}",
        "",
        "exporter.yml:",
        "gateways:",
        "  - host: 192.168.1.20        # the address of your gateway",
        f'    serial: "{serial}"',
        f"    token_file: {output}",
        "",
        "Run this command again before the token expires: a running exporter reloads the file when it changes.",
    ]


def _fail(message: str, code: int) -> int:
    print_stderr(f"envoy-exporter login: {message}")
    return code
