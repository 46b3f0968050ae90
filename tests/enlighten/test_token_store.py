"""Tokens on a disk: whole or not at all, for their owner alone, whatever happens to the process or the disk."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envoy_exporter.enlighten.token_store import TokenStore, write
from envoy_exporter.token import parse
from envoy_simulator import Simulator

GATEWAY = Simulator("8.3")
SERIAL = GATEWAY.serial
TOKEN = parse(GATEWAY.token)


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    TokenStore(tmp_path / "a" / "b").save(SERIAL, TOKEN)
    assert TokenStore(tmp_path / "a" / "b").load(SERIAL) == TOKEN


def test_file_and_directory_are_their_owner_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        TokenStore(tmp_path / "state").save(SERIAL, TOKEN)
    finally:
        os.umask(before)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / f"{SERIAL}.token").stat().st_mode & 0o777 == 0o600


def test_a_file_that_everybody_could_read_is_replaced_by_one_that_nobody_can(tmp_path: Path) -> None:
    path = tmp_path / f"{SERIAL}.token"
    path.write_text("old")
    path.chmod(0o644)
    with path.open() as old:
        TokenStore(tmp_path).save(SERIAL, TOKEN)
        assert old.read() == "old"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"{",
        b"no token",
        GATEWAY.token[:100].encode(),
        GATEWAY.make_token(aud="122000000001").encode(),
        GATEWAY.make_token(exp=None).encode(),
    ],
)
def test_a_file_with_something_else_is_told_once_and_replaced(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{SERIAL}.token").write_bytes(content)
    store = TokenStore(tmp_path)
    assert store.load(SERIAL) is None
    assert store.load(SERIAL) is None
    assert len(caplog.records) == 1
    store.save(SERIAL, TOKEN)
    assert store.load(SERIAL) == TOKEN


def test_a_disk_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").write_text("in the way, for anybody, root included")
    store = TokenStore(tmp_path / "file" / "state")
    store.save(SERIAL, TOKEN)
    store.save(SERIAL, TOKEN)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/file/state cannot be written (Not a directory), so fetched tokens are lost with the process"
    ]


def test_without_a_directory_nothing_is_written_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    store = TokenStore(None)
    store.save(SERIAL, TOKEN)
    store.save(SERIAL, TOKEN)
    assert store.load(SERIAL) is None
    assert [record.getMessage() for record in caplog.records] == [
        "there is no state_directory, so fetched tokens are lost with the process: set one"
    ]


def test_a_write_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "half of it, and then \u00e9")
    assert [each.name for each in tmp_path.iterdir()] == ["token"]
    assert path.read_text() == "old"


def test_what_a_killed_process_left_is_cleared_and_what_another_is_writing_is_not(tmp_path: Path) -> None:
    left, fresh = (tmp_path / f".{SERIAL}.token.{each}.new" for each in ("aaaa", "bbbb"))
    left.write_text("half")
    fresh.write_text("half")
    os.utime(left, (1, 1))
    TokenStore(tmp_path).save(SERIAL, TOKEN)
    assert sorted(each.name for each in tmp_path.iterdir()) == [fresh.name, f"{SERIAL}.token"]


_KILLING = """
import os, random, signal, sys, time
from pathlib import Path
from envoy_exporter.enlighten.token_store import write

path, texts = Path(sys.argv[1]), ("a" * 100_000, "b" * 50_000)
write(path, texts[0])
for _ in range(100):
    child = os.fork()
    if child == 0:
        while True:
            for text in texts:
                write(path, text)
    time.sleep(random.uniform(0.0, 0.004))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_text() in texts, len(path.read_text())
print(len(list(path.parent.iterdir())) - 1)
"""


@pytest.mark.integration
def test_a_kill_in_mid_write_leaves_the_old_one_or_the_new_one_whole(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLING, str(tmp_path / "token")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) > 0, "nothing was ever killed in mid-write"
