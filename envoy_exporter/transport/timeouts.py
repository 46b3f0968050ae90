"""How long each step of a request may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds.

    `handshake`: a gateway needs less than one second; the rest of a default scrape is left for another scheme.
    `first_request`: for `/info` of a gateway that is not known to respond, doubled with each try up to `request`, so
    that one scrape detects a silent gateway. `login`: for the login and the token at Enlighten, which take one to three
    seconds each.
    """

    connect: float = 3.0
    handshake: float = 5.0
    request: float = 30.0
    first_request: float = 8.0
    login: float = 15.0
