"""`envoy-exporter login`: fetch a token from Enlighten with your account, into a file; the password is kept nowhere."""

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
from envoy_exporter.enlighten.client import LOGIN_URL, TOKEN_URL, CloudError, Enlighten, Login
from envoy_exporter.enlighten.token_store import write
from envoy_exporter.secret import Secret, from_file
from envoy_exporter.token import Token

UNABLE, WRONG = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--username", metavar="E-MAIL", help="of the Enlighten account; asked for if it is not given")
    add("--serial", metavar="DIGITS", help="of the gateway, as on its label; asked for if it is not given")
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="a file with the password, instead of asking for it; or set ENVOY_PASSWORD",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--output", type=Path, metavar="FILE", help="where the token goes (SERIAL.token)")
    where.add_argument("--print", action="store_true", help="print the token instead of writing it to a file")
    add("--login-url", default=LOGIN_URL, metavar="URL", help="another cloud's, for tests")
    add("--token-url", default=TOKEN_URL, metavar="URL", help="another cloud's, for tests")
    add("--ca-file", metavar="FILE", help="the CA that vouches for the cloud, where a proxy stands in between")


def run(arguments: argparse.Namespace) -> int:
    """0 with a token; 1 if Enlighten gives none, or it cannot be written; 2 for a wrong flag or answer."""
    try:
        serial, login = _asked(arguments)
        output = None if arguments.print else _output(arguments.output, serial)
        enlighten = Enlighten(
            login, clock=SystemClock(), counted=lambda _: None, user_agent=f"envoy_exporter/{__version__}"
        )
        _tell(f"asking Enlighten for a token for the gateway {serial}")
        token = enlighten.token(serial)
        if output is None:
            print(token.secret.reveal())
        else:
            write(output, token.secret.reveal() + "\n")
            _tell(*_introduction(token, serial, output))
    except CloudError as error:
        return _fail(str(error), UNABLE)
    except OSError as error:
        return _fail(f"{error.filename or 'a file'}: {error.strerror or error}", UNABLE)
    except (ValueError, EOFError) as error:
        return _fail(str(error) or "nobody answers; give --username, --serial and --password-file", WRONG)
    except KeyboardInterrupt:
        return UNABLE
    return 0


def _asked(arguments: argparse.Namespace) -> tuple[str, Login]:
    """Of the flags, or of whoever sits there. Raises ValueError, EOFError, or OSError for the password's file."""
    given = os.environ.get("ENVOY_USERNAME", "")
    username = arguments.username or (given if "@" in given else "") or _answer("E-mail of the Enlighten account: ")
    if "@" not in username:
        raise ValueError("the account is an e-mail address")
    serial = arguments.serial or os.environ.get("ENVOY_SERIAL") or _answer("Serial of the gateway: ")
    if not re.fullmatch(r"\d{4,32}", serial):
        raise ValueError(f"{serial!r} is no serial; it has twelve digits, and is on the gateway's label")
    if arguments.password_file is not None:
        password = from_file(arguments.password_file)
    else:
        # The variable may be a gateway's own password, unless it stands beside an account.
        password = (os.environ.get("ENVOY_PASSWORD", "") if "@" in given else "") or _answer(
            "Password (kept nowhere): ", getpass.getpass
        )
    return serial, Login(
        username=username,
        password=Secret(password),
        login_url=arguments.login_url,
        token_url=arguments.token_url,
        ca_file=arguments.ca_file,
    )


def _answer(question: str, ask: Callable[[str], str] | None = None) -> str:
    if not sys.stdin.isatty():
        raise EOFError
    if ask is not None:
        return ask(question)
    sys.stderr.write(question)  # standard output is the token's, with --print
    sys.stderr.flush()
    return input().strip()


def _output(wanted: Path | None, serial: str) -> Path:
    """Raises ValueError for a file that holds something else: it would be gone."""
    path = (wanted or Path(f"{serial}.token")).absolute()
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is no directory")
    try:
        held = from_file(path)
        is_token = not held or tokens.parse(held).expires is not None
    except FileNotFoundError:
        return path
    except ValueError:
        is_token = False
    if not is_token:
        raise ValueError(f"{path} is there and holds no token: name another --output")
    return path


def _introduction(token: Token, serial: str, output: Path) -> list[str]:
    """What it is, and what to write where."""
    until = utc_date(token.expires or 0.0)
    return [
        f"{output}: a token of the role {token.user or 'unknown'}, good until {until}",
        "",
        "exporter.yml:",
        "gateways:",
        "  - host: 192.168.1.20        # your gateway's",
        f'    serial: "{serial}"',
        f"    token_file: {output}",
        "",
        "A running exporter reads the file again when it changes: run this once more before the token runs out.",
    ]


def _tell(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def _fail(message: str, code: int) -> int:
    _tell(f"envoy-exporter login: {message}")
    return code
