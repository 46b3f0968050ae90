"""Secrets are printed as <secret>, and no log line contains one."""

import base64
import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from envoy_exporter import logs
from envoy_exporter.secret import Redaction, Secret, from_environment, from_file, printable_path

PASSWORD = "correct horse battery"
ODD = "pä\"ss'w\\örd/&%1"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiIxMjIwIn0.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The output of the root logger, set up as by the command; the previous setup is restored afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    loggers = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn", "asyncio")}
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    stream = io.StringIO()
    redaction = Redaction()
    redaction.register(Secret(PASSWORD), Secret(ODD), Secret("abc"))
    logs.set_up("debug", "logfmt", redaction, stream)
    yield stream
    root.handlers, root.level = handlers, level
    for name, before in loggers.items():
        logging.getLogger(name).setLevel(before)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)


def test_secret_prints_a_placeholder() -> None:
    secret = Secret(PASSWORD)
    assert {str(secret), repr(secret), f"{secret}", f"{[secret]}"} == {"<secret>", "[<secret>]"}
    assert secret == Secret(PASSWORD)
    assert secret != PASSWORD
    assert secret.reveal() == PASSWORD


@pytest.mark.parametrize(
    "log",
    [
        lambda logger: logger.info("the password is correct horse battery"),
        lambda logger: logger.info("the password is %s", PASSWORD),
        lambda logger: logger.info("%r", {"password": PASSWORD}),
        lambda logger: logger.warning("Illegal header value b'Bearer %s\\n'", TOKEN),
        lambda logger: logger.error("truncated: %s", TOKEN[:30]),
    ],
)
def test_registered_secret_and_token_are_redacted(stream: io.StringIO, log: object) -> None:
    log(logging.getLogger("library"))  # type: ignore[operator]
    assert "<secret>" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()
    assert not re.search("eyJ[A-Za-z0-9]{6}", stream.getvalue())


def test_exception_is_redacted(stream: io.StringIO) -> None:
    try:
        int(f"Bearer {TOKEN}")
    except ValueError:
        logging.getLogger("library").exception("failed with %s", PASSWORD)
    assert "base 10: 'Bearer <secret>'" in stream.getvalue()
    assert PASSWORD not in stream.getvalue()


def test_secret_of_three_letters_is_not_redacted(stream: io.StringIO) -> None:
    logging.getLogger("library").info("abcdef")
    assert "abcdef" in stream.getvalue()


def test_libraries_that_log_headers_and_urls_are_silenced(stream: io.StringIO) -> None:
    for name in ("httpx", "httpcore.connection", "uvicorn.error", "asyncio"):
        logging.getLogger(name).info("Set-Cookie: sessionId=1")
    assert stream.getvalue() == ""


def test_message_with_line_breaks_is_one_line(stream: io.StringIO) -> None:
    logging.getLogger("library").info("a\nb\x1b[31m \u2028 c")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\u2028" not in stream.getvalue()
    assert re.fullmatch(r'ts=\S+Z level=info msg="a\\nb\\u001b\[31m \\u2028 c"\n', stream.getvalue())


def test_json_format_is_one_object_a_line(stream: io.StringIO) -> None:
    logs.set_up("info", "json", Redaction(), stream)
    logging.getLogger("library").warning('a "quoted" word')
    line = json.loads(stream.getvalue())
    assert (line["level"], line["msg"]) == ("warn", 'a "quoted" word')


def test_environment_variable_is_used_only_as_the_whole_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_PASSWORD", PASSWORD)
    assert from_environment("${A_PASSWORD}") == PASSWORD
    assert from_environment("x${A_PASSWORD}") == "x${A_PASSWORD}"
    with pytest.raises(KeyError):
        from_environment("${NOT_SET_ANYWHERE}")


@pytest.mark.parametrize("password", [PASSWORD, ODD])
@pytest.mark.parametrize(
    "encode",
    [
        quote,
        lambda value: quote(value, safe=""),
        lambda value: urlencode({"x": value}),
        lambda value: json.dumps({"x": value}),
        lambda value: json.dumps({"x": value}, ensure_ascii=False),
        lambda value: repr((value,)),
        lambda value: repr((value.encode(),)),
        lambda value: base64.b64encode(f"me:{value}".encode()).decode(),
        lambda value: base64.b64encode(f"you:{value}".encode()).decode(),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"them:{value}\n".encode()).decode(),
    ],
)
def test_registered_password_is_redacted_in_every_encoding(password: str, encode: object) -> None:
    redaction = Redaction()
    redaction.register(Secret(password))
    encoded = encode(password)  # type: ignore[operator]
    redacted = redaction.redact(encoded)
    assert "<secret>" in redacted
    assert not [
        encoded[start : start + 9] for start in range(len(encoded) - 8) if encoded[start : start + 9] in redacted
    ]


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/1.1 Authorization: Bearer HIDDEN-1",
        "headers: [(b'Authorization', b'Bearer HIDDEN-1')]",
        "Illegal header value b'Bearer HIDDEN-1'",
        "Authorization: Basic SElEREVO-HIDDEN",
        'Digest username="HIDDEN", realm="x", response="HIDDEN"',
        "Set-Cookie: sessionId=HIDDEN; path=/",
        '{"session_id":"HIDDEN","is_consumer":true}',
        "{'sessionId': 'HIDDEN'}",
        "POST /login user[email]=HIDDEN%40example.com&user[password]=HIDDEN",
        "user%5Bpassword%5D=HIDDEN&x=1",
        '{"password": "HIDDEN of several words", "a": 1}',
        "the account HIDDEN.HIDDEN+x@mail.example.com is locked",
        "https://HIDDEN:HIDDEN@enlighten.example.com/login failed",
    ],
)
def test_text_that_looks_like_credentials_is_redacted(stream: io.StringIO, text: str) -> None:
    logging.getLogger("httpx").warning("%s", text)
    assert "HIDDEN" not in stream.getvalue()
    assert "<secret>" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "gateways[0].token: the token is empty",
        "set local.username and local.password (from the factory: envoy, and the last six digits of the serial)",
        "basic_auth_users needs bcrypt; basic authentication",
        "this firmware requires a token; create one at https://entrez.enphaseenergy.com and set token or token_file",
        "the bearer of this token",
    ],
)
def test_text_about_secrets_is_not_redacted(stream: io.StringIO, text: str) -> None:
    logging.getLogger("library").info("%s", text)
    assert text in stream.getvalue()


def test_exception_causes_and_notes_are_redacted(stream: io.StringIO) -> None:
    try:
        try:
            raise ValueError(f"with {PASSWORD}")  # noqa: TRY301
        except ValueError as cause:
            cause.add_note(f"note {quote(ODD)}")
            raise KeyError({"Authorization": f"Bearer {TOKEN}"}) from cause
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    line = stream.getvalue()
    assert "ValueError: with <secret>" in line
    assert "note <secret>" in line
    assert TOKEN[:12] not in line
    assert line.count("\n") == 1


def test_uncaught_exception_of_a_thread_is_logged(stream: io.StringIO) -> None:
    logs.catch_uncaught()

    def fail() -> None:
        raise ValueError(f"Illegal header value b'Bearer {TOKEN}'")

    thread = threading.Thread(target=fail, name="gateway home")
    thread.start()
    thread.join()
    assert 'thread_name="gateway home"' in stream.getvalue()
    assert "Bearer <secret>" in stream.getvalue()
    assert TOKEN[:12] not in stream.getvalue()


def test_uncaught_exceptions_and_warnings_are_redacted(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    logs.catch_uncaught()
    error = ValueError(PASSWORD)
    sys.excepthook(ValueError, error, None)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.catch_uncaught()
        warnings.warn(f"warning: {PASSWORD}", stacklevel=1)
    assert "ValueError: <secret>" in stream.getvalue()
    assert "warning: <secret>" in stream.getvalue()
    assert capsys.readouterr().err == ""


def test_message_with_invalid_arguments_is_logged(stream: io.StringIO) -> None:
    logging.getLogger("library").warning("%d endpoints", "no number")
    assert "%d endpoints" in stream.getvalue()


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize(
    "value",
    ['x\nts=2026-01-01T00:00:00Z level=error msg="forged"', "a\r\x1b[2Jb", 'a" level=error', "\x9b31m\x85", "\ud800"],
)
def test_value_with_control_characters_stays_in_one_message(stream: io.StringIO, form: str, value: str) -> None:
    logs.set_up("info", form, Redaction(), stream)
    logging.getLogger("library").warning("the gateway reports %s", value)
    line = stream.getvalue()
    assert line.removesuffix("\n").isprintable()
    if form == "json":
        assert json.loads(line)["msg"] == f"the gateway reports {value}"
    else:
        match = re.fullmatch(r'ts=\S+ level=warn msg=("(?:[^"\\]|\\.)*")\n', line)
        assert match is not None, "one message, whatever it contains"
        assert json.loads(match[1]) == f"the gateway reports {value}"


def test_value_is_printed_only_if_it_is_a_path(tmp_path: Path) -> None:
    for name in (f"{tmp_path}/none", "/secrets/home.token", "/not/mounted/enlighten", "home.token", "secrets/home.jwt"):
        assert printable_path(Path(name)) == name
    for password in ("hunter2", "/hunter2", "hunter/2", "/aB3x/yZ+=", "/aB3x/yZ9", "a" * 5000, "a\0b"):
        assert printable_path(Path(password)) == "<secret>"


def test_secret_file_is_read_without_bom_and_line_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"\xef\xbb\xbf hunter2 \r\n")
    assert from_file(tmp_path / "password") == " hunter2 "


def test_endless_secret_file_is_rejected() -> None:
    with pytest.raises(ValueError, match="too long"):
        from_file(Path("/dev/zero"))


@pytest.mark.parametrize(
    "text",
    [
        "sport",
        "password sport, rejected",
        "'sport'",
        "user:sport@",
        "user=me&password_=sport;",
        "_sport_",
        "%20sport%20",
        "(b'Authorization\\nsport\\n')",
        "\\u00e9sport",
        "<sport>sport</sport>",
        '{"x":"sport"}',
    ],
)
def test_short_password_is_redacted_as_a_word(text: str) -> None:
    redaction = Redaction()
    redaction.register(Secret("sport"))
    assert "sport" not in redaction.redact(text)


def test_short_password_is_not_cut_out_of_longer_words() -> None:
    redaction = Redaction()
    redaction.register(Secret("port"), Secret("?ort"))
    assert redaction.redact("gateway unsupported, ports 80 and port") == "gateway unsupported, ports 80 and <secret>"
    assert redaction.redact("what?ort") == "what<secret>"


def test_factory_password_is_not_redacted_within_the_serial() -> None:
    redaction = Redaction()
    redaction.register(Secret("010048"))
    assert redaction.redact("gateway 121642010048") == "gateway 121642010048"
    assert redaction.redact("user envoy, 010048.") == "user envoy, <secret>."


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_log_fields_are_written_without_secrets(stream: io.StringIO, form: str) -> None:
    redaction = Redaction()
    redaction.register(Secret(PASSWORD))
    logs.set_up("info", form, redaction, stream)
    extra = {"gateway": "home", "error": f'with "{PASSWORD}"', "empty": None}
    logging.getLogger("library").info("endpoint failed", extra=extra)
    line = stream.getvalue()
    if form == "json":
        assert {**json.loads(line), "ts": ""} == {
            "ts": "",
            "level": "info",
            "msg": "endpoint failed",
            "gateway": "home",
            "error": 'with "<secret>"',
        }
    else:
        assert line.endswith('level=info msg="endpoint failed" gateway=home error="with \\"<secret>\\""\n')
