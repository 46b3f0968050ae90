"""Secrets print as <secret>, and no log line holds one."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from envoy_exporter import logs
from envoy_exporter.secret import Redaction, Secret, from_environment

PASSWORD = "correct horse battery"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiIxMjIwIn0.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger writes, as the command sets it up; put back as it was after."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    loggers = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn", "asyncio")}
    stream = io.StringIO()
    redaction = Redaction()
    redaction.learn(Secret(PASSWORD), Secret("abc"))
    logs.set_up("debug", "logfmt", redaction, stream)
    yield stream
    root.handlers, root.level = handlers, level
    for name, before in loggers.items():
        logging.getLogger(name).setLevel(before)


def test_a_secret_prints_as_a_secret() -> None:
    secret = Secret(PASSWORD)
    assert {str(secret), repr(secret), f"{secret}", f"{[secret]}"} == {"<secret>", "[<secret>]"}
    assert secret == Secret(PASSWORD)
    assert secret != PASSWORD
    assert secret.reveal() == PASSWORD


@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.info("the password is correct horse battery"),
        lambda log: log.info("the password is %s", PASSWORD),
        lambda log: log.info("%r", {"password": PASSWORD}),
        lambda log: log.warning("Illegal header value b'Bearer %s\\n'", TOKEN),
        lambda log: log.error("cut: %s", TOKEN[:30]),
    ],
)
def test_what_is_known_or_looks_like_a_token_is_struck_out(stream: io.StringIO, say: object) -> None:
    say(logging.getLogger("anybody"))  # type: ignore[operator]
    assert "<secret>" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()
    assert not re.search("eyJ[A-Za-z0-9]{6}", stream.getvalue())


def test_an_exception_is_struck_through_too(stream: io.StringIO) -> None:
    try:
        int(f"Bearer {TOKEN}")
    except ValueError:
        logging.getLogger("anybody").exception("it failed with %s", PASSWORD)
    assert "base 10: 'Bearer <secret>'" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()


def test_a_secret_of_three_letters_does_not_eat_the_log(stream: io.StringIO) -> None:
    logging.getLogger("anybody").info("abcdef")
    assert "abcdef" in stream.getvalue()


def test_libraries_that_tell_headers_and_urls_are_not_heard(stream: io.StringIO) -> None:
    for name in ("httpx", "httpcore.connection", "uvicorn.error", "asyncio"):
        logging.getLogger(name).info("Set-Cookie: sessionId=1")
    assert stream.getvalue() == ""


def test_a_line_is_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    logging.getLogger("anybody").info("a\nb\x1b[31m \u2028 c")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\u2028" not in stream.getvalue()
    assert re.fullmatch(r'ts=\S+Z level=info msg="a\\nb\\u001b\[31m \\u2028 c"\n', stream.getvalue())


def test_json_lines(stream: io.StringIO) -> None:
    logs.set_up("info", "json", Redaction(), stream)
    logging.getLogger("anybody").warning('say "hi"')
    told = json.loads(stream.getvalue())
    assert (told["level"], told["msg"]) == ("warn", 'say "hi"')


def test_the_environment_is_asked_only_where_all_of_the_text_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_PASSWORD", PASSWORD)
    assert from_environment("${A_PASSWORD}") == PASSWORD
    assert from_environment("x${A_PASSWORD}") == "x${A_PASSWORD}"
    with pytest.raises(KeyError):
        from_environment("${NOT_SET_ANYWHERE}")
