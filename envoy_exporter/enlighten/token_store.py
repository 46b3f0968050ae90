"""Fetched tokens on disk: one file for each gateway in the state directory, readable by its owner only.

A file is written beside the old one, flushed to the disk, and then replaces it. So a reader finds the old or the new
token complete, however the process ends.
"""

import contextlib
import logging
import os
import secrets
import time
from pathlib import Path

from envoy_exporter import token
from envoy_exporter.secret import from_file
from envoy_exporter.token import Token

log = logging.getLogger(__name__)

_SUFFIX, _ASIDE = ".token", ".new"
_LEFT_BEHIND = 3600.0
"""Seconds after which an unfinished file belongs to a process that no longer runs."""


def write(path: Path, text: str) -> None:
    """Write the text to the file, completely or not at all, with mode 0600. Raises OSError."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}{_ASIDE}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(aside, flags, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123  # the mode from the start
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    with contextlib.suppress(OSError):  # some file systems cannot flush a directory
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class TokenStore:
    """The state directory. If it cannot be written, the next start needs a login, and nothing else is lost."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._logged = ""

    def load(self, serial: str) -> Token | None:
        """The token of the gateway; None if there is none for it."""
        if self._directory is None:
            return None
        path = self._path(self._directory, serial)
        try:
            stored = token.parse(from_file(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._log(f"{path} cannot be read ({error.strerror}): a new token is fetched")
            return None
        except ValueError:
            stored = None
        if stored is None or stored.serial != serial or stored.expires is None:
            self._log(f"{path} holds no token for the gateway {serial}: a new one is fetched")
            return None
        return stored

    def save(self, serial: str, kept: Token) -> None:
        if self._directory is None:
            self._log("there is no state_directory, so fetched tokens are lost with the process: set one")
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._clean(self._directory)
            write(self._path(self._directory, serial), kept.secret.reveal() + "\n")
        except OSError as error:
            why = error.strerror or error
            self._log(f"{self._directory} cannot be written ({why}), so fetched tokens are lost with the process")
        else:
            self._logged = ""

    def _path(self, directory: Path, serial: str) -> Path:
        return directory / f"{serial}{_SUFFIX}"

    def _clean(self, directory: Path) -> None:
        """Delete the files of processes that were killed while they wrote."""
        for unfinished in directory.glob(f".*{_SUFFIX}.*{_ASIDE}"):
            with contextlib.suppress(OSError):
                if time.time() - unfinished.stat().st_mtime > _LEFT_BEHIND:  # the disk's own clock, not the exporter's
                    unfinished.unlink()

    def _log(self, words: str) -> None:
        if words != self._logged:
            log.warning("%s", words)
        self._logged = words
