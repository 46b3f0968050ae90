"""Where a gateway's thread gets new tokens from."""

from collections.abc import Mapping
from typing import Protocol

from envoy_exporter.token import Token


class TokenSourceStatus(Protocol):
    """`error`: why there is no new token, "" if nothing is known to be wrong. `results`: number of tries by result."""

    @property
    def error(self) -> str: ...

    @property
    def results(self) -> Mapping[str, int]: ...


class TokenSource(Protocol):
    """The tokens of one gateway. `enlighten.renewal` implements it."""

    def stored(self) -> Token | None:
        """The token that an earlier run has left."""

    def fetch(self, old: Token | None, *, urgent: bool) -> Token | None:
        """A token other than `old`; None if there is none now. This may take seconds.

        Without `urgent`, only a token that is due for renewal is replaced.
        """

    def report(self, token: Token, *, accepted: bool) -> None:
        """Whether the gateway accepts this token. Does not block."""

    def persist(self) -> None:
        """Write an accepted token to the disk, if that is not done yet. Called at the end of each poll."""

    @property
    def status(self) -> TokenSourceStatus: ...
