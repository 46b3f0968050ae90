"""A token file that another program renews."""

from pathlib import Path

from envoy_exporter.secret import from_file, named
from envoy_exporter.token import Token, parse


class TokenFile:
    """A token in a file that somebody else renews."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._token: Token | None = None

    def token(self) -> Token | None:
        """The newest that could be read; a file that is gone or broken for a moment leaves the one before.

        Raises ValueError, without the content, where there is none at all.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._token, self._stamp = parse(from_file(self._path)), stamp
        except (OSError, ValueError) as error:
            if self._token is None:
                words = error.strerror if isinstance(error, OSError) else error
                raise ValueError(f"the token file {named(self._path)} cannot be used: {words}") from None
        return self._token
