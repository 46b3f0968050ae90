"""Stored tokens are complete and private, also if the process or the disk fails."""

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


def test_saved_token_is_loaded_after_a_restart(tmp_path: Path) -> None:
    TokenStore(tmp_path / "a" / "b").save(SERIAL, TOKEN)
    assert TokenStore(tmp_path / "a" / "b").load(SERIAL) == TOKEN


def test_file_and_directory_are_private_with_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        TokenStore(tmp_path / "state").save(SERIAL, TOKEN)
    finally:
        os.umask(before)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / f"{SERIAL}.token").stat().st_mode & 0o777 == 0o600


def test_readable_file_is_replaced_by_a_private_one(tmp_path: Path) -> None:
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
        b"not a token",
        GATEWAY.token[:100].encode(),
        GATEWAY.make_token(aud="122000000001").encode(),
        GATEWAY.make_token(exp=None).encode(),
    ],
)
def test_invalid_file_is_logged_once_and_replaced(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{SERIAL}.token").write_bytes(content)
    store = TokenStore(tmp_path)
    assert store.load(SERIAL) is None
    assert store.load(SERIAL) is None
    assert len(caplog.records) == 1
    store.save(SERIAL, TOKEN)
    assert store.load(SERIAL) == TOKEN


def test_directory_that_cannot_be_written_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").write_text("a file instead of a directory, which even root cannot write")
    store = TokenStore(tmp_path / "file" / "state")
    store.save(SERIAL, TOKEN)
    store.save(SERIAL, TOKEN)
    (record,) = caplog.records
    assert vars(record)["directory"] == tmp_path / "file" / "state"


def test_missing_state_directory_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    store = TokenStore(None)
    store.save(SERIAL, TOKEN)
    store.save(SERIAL, TOKEN)
    assert store.load(SERIAL) is None
    (record,) = caplog.records
    assert record.getMessage() == "fetched tokens are not stored; set state_directory"


def test_failed_write_keeps_the_old_file_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(path, "not ASCII: \u00e9")
    assert [file.name for file in tmp_path.iterdir()] == ["token"]
    assert path.read_text() == "old"


def test_save_deletes_only_old_unfinished_files(tmp_path: Path) -> None:
    old, recent = (tmp_path / f".{SERIAL}.token.{name}.new" for name in ("aaaa", "bbbb"))
    old.write_text("half")
    recent.write_text("half")
    os.utime(old, (1, 1))
    TokenStore(tmp_path).save(SERIAL, TOKEN)
    assert sorted(file.name for file in tmp_path.iterdir()) == [recent.name, f"{SERIAL}.token"]


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
def test_process_killed_while_writing_leaves_a_complete_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLING, str(tmp_path / "token")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) > 0, "at least one write must be interrupted"
