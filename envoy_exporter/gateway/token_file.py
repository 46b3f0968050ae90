"""A token file that another program renews."""

from pathlib import Path

from envoy_exporter.secret import from_file, printable_path
from envoy_exporter.token import Token, parse


class TokenFile:
    """The token file of the config."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._token: Token | None = None

    def token(self) -> Token | None:
        """The newest token that could be read; while the file is missing or broken, the one before.

        Raises ValueError, whose message does not contain the token, if none could ever be read.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._token, self._stamp = parse(from_file(self._path)), stamp
        except (OSError, ValueError) as error:
            if self._token is None:
                message = error.strerror if isinstance(error, OSError) else error
                message = f"token file {printable_path(self._path)} cannot be used: {message}"
                raise ValueError(f"{message}; `envoy-exporter login` writes one") from None
        return self._token
