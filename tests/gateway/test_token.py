"""Tokens as people copy them, and what they say of themselves."""

import os
from pathlib import Path

import pytest

from envoy_exporter.gateway.token import TokenFile, parse
from envoy_exporter.simulator import Simulator

GATEWAY = Simulator("8.3")
TOKEN = GATEWAY.token


def test_a_token_names_its_gateway_its_user_and_its_times() -> None:
    token = parse(GATEWAY.make_token(iat=1_781_000_000, exp=1_812_536_000, enphaseUser="installer"))
    assert (token.serial, token.user) == (GATEWAY.serial, "installer")
    assert (token.issued, token.expires) == (1_781_000_000, 1_812_536_000)


@pytest.mark.parametrize("text", [TOKEN, f"  {TOKEN}\n", f"{TOKEN}\r\n", f"\ufeff{TOKEN}"])
def test_white_space_around_it_is_the_editor_s(text: str) -> None:
    assert parse(text).secret.reveal() == TOKEN


@pytest.mark.parametrize("text", ["", " \n", f"{TOKEN[:50]} {TOKEN[50:]}", f"{TOKEN[:50]}\n{TOKEN[50:]}", TOKEN + "é"])
def test_what_can_be_no_token_is_refused_in_words_without_it(text: str) -> None:
    with pytest.raises(ValueError, match="token") as error:
        parse(text)
    assert not any(TOKEN[start : start + 8] in str(error.value) for start in range(len(TOKEN) - 8))


@pytest.mark.parametrize("text", ["abc", "a.b.c", "{}", TOKEN.rpartition(".")[0]])
def test_an_opaque_text_may_be_one_that_the_gateway_takes(text: str) -> None:
    token = parse(text)
    assert (token.serial, token.issued, token.expires, token.user) == (None, None, None, None)


@pytest.mark.parametrize("exp", ["1812536000", None, True, 1e30, -1, 0, 4_102_444_801])
def test_an_expiry_that_is_no_date_is_none(exp: object) -> None:
    assert parse(GATEWAY.make_token(exp=exp)).expires is None  # type: ignore[arg-type]


def test_a_file_is_read_again_when_it_changes_and_only_then(tmp_path: Path) -> None:
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


def test_a_file_that_is_gone_or_broken_for_a_moment_leaves_the_token_before(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    file = TokenFile(path)
    first = file.token()
    path.write_text("")
    assert file.token() == first
    path.unlink()
    assert file.token() == first


def test_a_file_that_was_never_there_says_which(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"token cannot be used: No such file"):
        TokenFile(tmp_path / "token").token()
