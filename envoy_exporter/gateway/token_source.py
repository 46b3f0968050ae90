"""Where a gateway's thread gets new tokens from."""

from collections.abc import Mapping
from typing import Protocol

from envoy_exporter.token import Token


class TokenSourceStatus(Protocol):
    """`error`: why there is no new token, "" if there is no error. `results`: number of tries by result."""

    @property
    def error(self) -> str: ...

    @property
    def results(self) -> Mapping[str, int]: ...


class TokenSource(Protocol):
    """The tokens of one gateway. `enlighten.renewal` implements it."""

    def stored(self) -> Token | None:
        """The token that an earlier run has stored."""

    def fetch(self, old: Token | None, *, urgent: bool, wait: bool) -> Token | None:
        """A token other than `old`, or None. This may take seconds.

        Without `urgent`, only a token that is due for renewal is replaced. `wait` while another gateway fetches one.
        """

    def report(self, token: Token, *, accepted: bool) -> None:
        """Whether the gateway accepts this token. Does not block."""

    def persist(self) -> None:
        """Write an accepted token to the disk, unless it is already there. Called at the end of each poll."""

    @property
    def status(self) -> TokenSourceStatus: ...
