"""A fault as data: what it is called, what it does, where it gets in, and what may be lost while it lasts."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from random import Random
from typing import Any, Literal, TypeAlias, get_args, get_origin

from envoy_simulator.http_types import Request, Site
from envoy_simulator.load import Load
from envoy_simulator.profiles import STORAGE, Profile

Value: TypeAlias = bool | int | float | str
Breaks: TypeAlias = Literal["gateway", "endpoint", "values", "nothing"]


class FaultError(ValueError):
    """No such fault, or not with these parameters, or not there."""


class Acts(Enum):
    """Where a fault gets in, and what its effect is a function of, after the occasion."""

    LISTENING = "listener"
    """The usual `Listening` -> a `Listening`, or None."""
    GUISE = "gateway"
    """-> the `Guise` of another gateway."""
    CONNECTION = "connection"
    """-> steps, on a connection just accepted."""
    TLS = "TLS"
    """The usual context -> a context; None is plain."""
    ACCESS = "access"
    """The gateway that answers requests, and a request -> a response."""
    DOCUMENT = "document"
    """A parsed JSON document -> another."""
    BODY = "body"
    """Bytes -> bytes."""
    RESPONSE = "response"
    """A `Response` -> another."""
    MESSAGE = "HTTP message"
    """The steps of a healthy server, the whole answer first -> other steps."""
    WIRE = "wire"
    """The steps of whatever is to be sent -> other steps."""
    SEQUENCE = "sequence"
    """-> the faults that are on at this moment, with their parameters."""


OF_A_REQUEST = (Acts.ACCESS, Acts.DOCUMENT, Acts.BODY, Acts.RESPONSE, Acts.MESSAGE, Acts.WIRE)
COUNTED = (*OF_A_REQUEST, Acts.CONNECTION, Acts.TLS)


class Needs(Enum):
    """What a gateway must have for a fault to make any difference."""

    TLS = "TLS"
    TOKENS = "firmware 7"
    DIGEST = "firmware < 7"
    JSON_SITE = "firmware 4"
    METERS = "meters"
    STORAGE_METER = "a storage CT"
    BATTERIES = "IQ batteries"
    PROFILE = "a profile"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`choices`: all there are, for a name of a kind."""

    name: str
    default: Value
    choices: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The default, and behind it what else there is."""
        others = (each for each in self.choices if each != self.default)
        return "|".join((str(self.default), *others))

    def read(self, text: str) -> Value:
        """The value that a person wrote. Raises FaultError."""
        try:
            if isinstance(self.default, bool):
                return {"true": True, "false": False}[text]
            return self.checked(type(self.default)(text))
        except (ValueError, KeyError) as error:
            raise FaultError(f"{self.name}={text}: {self._wanted()}") from error

    def checked(self, value: Value) -> Value:
        if self.choices and value not in self.choices:
            raise FaultError(f"{self.name}={value}: {self._wanted()}")
        return value

    def _wanted(self) -> str:
        if self.choices:
            return f"write one of {', '.join(self.choices)}"
        return {
            bool: "write true or false",
            int: "write a whole number",
            float: "write a number",
            str: "write a text",
        }[type(self.default)]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an effect may know. `number`: of the request or connection among those that the fault sees, from 1.

    `now`: the gateway's clock, seconds since 1970. `since`: seconds since the fault was switched on. `random`: the same
    for the same seed and number. `memory`: the fault's own, while it is on.
    """

    now: float
    since: float
    local: datetime
    site: Site
    load: Load
    host: str
    random: Random
    number: int = 0
    request: Request = field(default_factory=lambda: Request("", ""))
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """`breaks`: the most that a good client loses meanwhile, on the endpoints that it strikes.

    `gateway`: all of it. `endpoint`: the answers it strikes. `values`: single values, or they are other ones.
    `nothing`: none; a client that loses anything is at fault. `endpoints`: where it has any effect; () is anywhere.
    """

    name: str
    about: str
    acts: Acts
    breaks: Breaks
    effect: Callable[..., Any]
    parameters: Mapping[str, Parameter]
    needs: frozenset[Needs] = frozenset()
    endpoints: tuple[str, ...] = ()

    @property
    def variants(self) -> tuple[dict[str, Value], ...]:
        """The parameters to try it with: the defaults, and each other choice of each that has choices."""
        others: list[dict[str, Value]] = [
            {parameter.name: choice}
            for parameter in self.parameters.values()
            for choice in parameter.choices
            if choice != parameter.default
        ]
        return ({}, *others)

    def suits(self, profile: Profile, *, tls: bool) -> bool:
        """Does it make any difference on such a gateway."""
        has = {
            Needs.TLS: tls,
            Needs.TOKENS: profile.wants_token,
            Needs.DIGEST: bool(profile.locked),
            Needs.JSON_SITE: profile.firmware >= (4,),
            Needs.METERS: bool(profile.meters),
            Needs.STORAGE_METER: STORAGE in profile.meters,
            Needs.BATTERIES: any(battery.kind == "iq" for battery in profile.design.batteries),
            Needs.PROFILE: True,
        }
        return all(has[need] for need in self.needs)

    def options(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """The parameters with their defaults. Raises FaultError."""
        for name, value in given.items():
            self.parameter(name).checked(value)
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def check(self, *, endpoints: bool, counts: bool) -> None:
        """Can it be for some endpoints only, or for some requests or connections by number. Raises FaultError."""
        where = f"{self.name} acts on the {self.acts.value}"
        if endpoints and self.acts not in OF_A_REQUEST:
            raise FaultError(f"{where}, before any endpoint is asked for; leave out the endpoint")
        if counts and self.acts not in COUNTED:
            raise FaultError(f"{where}: there is nothing to count; give it a time (since, until) instead")

    def parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise FaultError(
                f"{self.name} has no parameter {name}; it has {', '.join(self.parameters) or 'none of its own'}"
            )
        return self.parameters[name]


def fault(
    acts: Acts,
    breaks: Breaks,
    about: str,
    *,
    needs: Iterable[Needs] = (),
    endpoints: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Fault]:
    """Make a fault of its effect: named as the function is, with its keyword-only arguments for parameters."""

    def declare(effect: Callable[..., Any]) -> Fault:
        arguments = inspect.signature(effect).parameters.values()
        parameters = [_parameter(each) for each in arguments if each.kind is inspect.Parameter.KEYWORD_ONLY]
        return Fault(
            effect.__name__.strip("_").replace("_", "-"),
            about,
            acts,
            breaks,
            effect,
            {parameter.name: parameter for parameter in parameters},
            frozenset(needs),
            endpoints,
        )

    return declare


def _parameter(argument: inspect.Parameter) -> Parameter:
    choices = get_args(argument.annotation) if get_origin(argument.annotation) is Literal else ()
    return Parameter(argument.name, argument.default, choices)
