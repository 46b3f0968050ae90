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

_SUFFIX, _UNFINISHED = ".token", ".new"
_ABANDONED_AFTER = 3600.0
"""Seconds after which an unfinished file must be from a process that has ended."""


def write(path: Path, text: str) -> None:
    """Write the text to the file, completely or not at all, with mode 0600. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(6)}{_UNFINISHED}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(unfinished, flags, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123  # with this mode from the start
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    with contextlib.suppress(OSError):  # some file systems cannot flush a directory
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class TokenStore:
    """The state directory. If it cannot be written, the only consequence is a login at the next start."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._logged: tuple[str, dict[str, object]] | None = None

    def load(self, serial: str) -> Token | None:
        """The token of the gateway; None if there is no valid file."""
        if self._directory is None:
            return None
        path = self._path(self._directory, serial)
        try:
            stored = token.parse(from_file(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._log("stored token cannot be read", file=path, error=error.strerror)
            return None
        except ValueError:
            stored = None
        if stored is None or stored.serial != serial or stored.expires is None:
            self._log("stored token is not valid for the gateway", file=path, serial=serial)
            return None
        return stored

    def save(self, serial: str, accepted: Token) -> None:
        if self._directory is None:
            self._log("fetched tokens are not stored; set state_directory")
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._clean(self._directory)
            write(self._path(self._directory, serial), accepted.secret.reveal() + "\n")
        except OSError as error:
            self._log("fetched token cannot be stored", directory=self._directory, error=error.strerror or error)
        else:
            self._logged = None

    def _path(self, directory: Path, serial: str) -> Path:
        return directory / f"{serial}{_SUFFIX}"

    def _clean(self, directory: Path) -> None:
        """Delete the files of processes that were killed while they wrote."""
        for unfinished in directory.glob(f".*{_SUFFIX}.*{_UNFINISHED}"):
            with contextlib.suppress(OSError):
                if time.time() - unfinished.stat().st_mtime > _ABANDONED_AFTER:  # the clock of the disk
                    unfinished.unlink()

    def _log(self, message: str, **fields: object) -> None:
        if (message, fields) != self._logged:
            log.warning(message, extra=fields)
        self._logged = message, fields
