"""Tokens as users copy them, and their claims."""

import json
import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from envoy_exporter.gateway.token_file import TokenFile
from envoy_exporter.token import parse
from envoy_simulator import Simulator

GATEWAY = Simulator("8.3")
TOKEN = GATEWAY.token


def test_token_has_serial_user_and_times() -> None:
    token = parse(GATEWAY.make_token(iat=1_781_000_000, exp=1_812_536_000, enphaseUser="installer"))
    assert (token.serial, token.user) == (GATEWAY.serial, "installer")
    assert (token.issued, token.expires) == (1_781_000_000, 1_812_536_000)


WRAPPED = json.dumps({"generation_time": 1_781_000_000, "token": TOKEN, "expires_at": 1_812_536_000})
LINES = "\n".join(textwrap.wrap(TOKEN, 70))


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"  {TOKEN}\n",
        f"{TOKEN}\r\n",
        f"\ufeff{TOKEN}",
        f"\u200b{TOKEN}\u00a0",
        f"'{TOKEN}'",
        f' "{TOKEN}" \n',
        f"\u201c{TOKEN}\u201d",
        f"\u201e{TOKEN}\u2019",
        f"`{TOKEN}`",
        f'"{TOKEN}",',
        f"Bearer {TOKEN}",
        f"bearer  '{TOKEN}'",
        f"Authorization: Bearer {TOKEN}",
        f"'Authorization: Bearer {TOKEN}'",
        f"token={TOKEN}",
        f"token: {TOKEN}",
        f'"token": "{TOKEN}",',
        f"export ENVOY_TOKEN='{TOKEN}'",
        LINES,
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\n    "),
        LINES.replace("\n", "=\n"),
        f"{TOKEN[:50]} {TOKEN[50:]}",
        f"{TOKEN[:50]}\u200b{TOKEN[50:]}",
        WRAPPED,
        f"\ufeff{WRAPPED}\n",
        f"'{WRAPPED}'",
        "\n".join(textwrap.wrap(WRAPPED, 70, break_on_hyphens=False)),
        json.dumps({"token": f" {TOKEN}\n"}, indent=2),
        quote(TOKEN.replace(".", "%2E"), safe="%"),
        f"Bearer%20{TOKEN}",
        quote(WRAPPED, safe=""),
    ],
)
def test_token_with_text_around_it_or_line_breaks_is_parsed(text: str) -> None:
    token = parse(text)
    assert token.secret.reveal() == TOKEN
    assert token.serial == GATEWAY.serial


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("''", "empty"),
        ("Authorization: Bearer ", "empty"),
        (TOKEN + "\u00e9", "copy it again"),
        (f"{TOKEN[:50]}\u2026{TOKEN[-50:]}", "copy it again"),
        (f"{TOKEN[:50]}...", "truncated"),
        (f"{TOKEN[:50]} {TOKEN[52:]}", "copy it again"),
        (f"{TOKEN} valid until 2027", "copy it again"),
        (f"{LINES} and so on", "copy it again"),
        (f"{TOKEN}\n{TOKEN}", "copy it again"),
        ("hunter2 hunter2", "copy it again"),
        (f"Digest {TOKEN}", "copy it again"),
        (f"<!DOCTYPE html><html><body><textarea>{TOKEN}</textarea></body></html>", "web page"),
        ("<html>Error in generating Token</html>", "web page"),
        ("<secret>", "placeholder"),
        ("0123456789abcdef0123456789abcdef", "session id"),
        ("sessionId=Ab0123456789abcdef", "session id"),
        ("Set-Cookie: sessionId=Ab0123456789abcdef; path=/", "session id"),
        (json.dumps({"message": "success", "session_id": "0123456789abcdef", "manager_token": TOKEN}), "session id"),
        (json.dumps({"message": "Unauthorized 0123456789"}), "JSON"),
        (json.dumps({"token": None}), "JSON"),
        (json.dumps({"token": WRAPPED}), "JSON"),
        ("{}", "JSON"),
        (WRAPPED[:80], "JSON"),
        ('{"a":' * 20_000, "JSON"),
    ],
)
def test_text_that_is_not_a_token_is_rejected_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse(text)
    assert not [part for part in (*parts(text), *parts(TOKEN)) if part in str(error.value)]


def parts(text: str) -> Iterator[str]:
    """Every eight characters of the text that are not only letters: a message may share words with a web page."""
    windows = (text[start : start + 8] for start in range(min(len(text), 2000) - 7))
    return (part for part in windows if not re.fullmatch(r"[A-Za-z :]+", part))


@pytest.mark.parametrize("text", ["abc", "a.b.c", "A-_~+/9==", TOKEN.rpartition(".")[0]])
def test_opaque_text_is_a_token_without_claims(text: str) -> None:
    token = parse(text)
    assert token.secret.reveal() == text
    assert (token.serial, token.issued, token.expires, token.user) == (None, None, None, None)


@pytest.mark.parametrize("user", [["owner"], {"owner": 1}, None, 1, "root"])
def test_user_other_than_owner_or_installer_is_none(user: object) -> None:
    assert parse(GATEWAY.make_token(enphaseUser=user)).user is None  # type: ignore[arg-type]


@pytest.mark.parametrize("exp", ["1812536000", None, True, 1e30, -1, 0, 4_102_444_801])
def test_expiry_that_is_not_plausible_is_none(exp: object) -> None:
    assert parse(GATEWAY.make_token(exp=exp)).expires is None  # type: ignore[arg-type]


def test_token_file_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    file = TokenFile(path)
    first = file.token()
    assert first is not None
    assert first.secret.reveal() == TOKEN
    assert file.token() is first
    path.write_text(GATEWAY.make_token(jti="another") + "\n")
    os.utime(path, (1, 1))
    assert file.token() != first


def test_token_file_that_is_empty_or_deleted_keeps_the_last_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    file = TokenFile(path)
    first = file.token()
    path.write_text("")
    assert file.token() == first
    path.unlink()
    assert file.token() == first


def test_token_file_that_never_existed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(ValueError, match=re.escape(str(path))):
        TokenFile(path).token()


def test_token_file_path_that_may_be_a_secret_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="<secret>") as error:
        TokenFile(Path("hunter2")).token()
    assert "hunter2" not in str(error.value)
