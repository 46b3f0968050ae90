"""A fault as data: its name, its effect, the layer that it acts on, and what a client may lose meanwhile."""

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
    """An unknown fault, or one that cannot have these parameters or this condition."""


class Layer(Enum):
    """The layer that a fault acts on. Its effect is a function of the context and of what is named here."""

    LISTENING = "listener"
    """The usual `Listening` -> a `Listening`, or None."""
    IDENTITY = "gateway"
    """-> the `Identity` of another gateway."""
    CONNECTION = "connection"
    """-> the steps on an accepted connection."""
    TLS = "TLS"
    """The usual context -> a context; None is plain."""
    ACCESS = "access"
    """The function that responds to requests, and a request -> a response."""
    DOCUMENT = "document"
    """A parsed JSON document -> another."""
    BODY = "body"
    """Bytes -> bytes."""
    RESPONSE = "response"
    """A `Response` -> another."""
    MESSAGE = "HTTP message"
    """The steps of a healthy server, the whole response first -> other steps."""
    WIRE = "wire"
    """The steps of anything that is to be sent -> other steps."""
    SEQUENCE = "sequence"
    """-> the faults that are on now, with their parameters."""


OF_A_REQUEST = (Layer.ACCESS, Layer.DOCUMENT, Layer.BODY, Layer.RESPONSE, Layer.MESSAGE, Layer.WIRE)
COUNTED = (*OF_A_REQUEST, Layer.CONNECTION, Layer.TLS)


class Needs(Enum):
    """What a gateway must have for a fault to have an effect."""

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
    """A parameter of a fault. `choices`: all values that it can have; () if there are others."""

    name: str
    default: Value
    choices: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The default, followed by the other choices."""
        others = (choice for choice in self.choices if choice != self.default)
        return "|".join((str(self.default), *others))

    def read(self, text: str) -> Value:
        """The value that was written. Raises FaultError."""
        try:
            if isinstance(self.default, bool):
                return {"true": True, "false": False}[text]
            return self.checked(type(self.default)(text))
        except (ValueError, KeyError) as error:
            raise FaultError(f"{self.name}={text}: {self._expected()}") from error

    def checked(self, value: Value) -> Value:
        if self.choices and value not in self.choices:
            raise FaultError(f"{self.name}={value}: {self._expected()}")
        return value

    def _expected(self) -> str:
        if self.choices:
            return f"write one of {', '.join(self.choices)}"
        return {
            bool: "write true or false",
            int: "write a whole number",
            float: "write a number",
            str: "write a text",
        }[type(self.default)]


@dataclass(frozen=True, slots=True)
class FaultContext:
    """What an effect can use. `number`: of the request or connection among those that the fault concerns, from 1.

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
    """A fault. `breaks`: the most that a correct client loses meanwhile.

    `gateway`: everything. `endpoint`: the responses that it applies to. `values`: single values, which are missing or
    changed. `nothing`: a client that loses anything is wrong. `endpoints`: where it has an effect; () is everywhere.
    """

    name: str
    description: str
    layer: Layer
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
        """Whether it has an effect on such a gateway."""
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
        """Raises FaultError for a condition on endpoints, or on numbers, that this layer cannot have."""
        where = f"{self.name} acts on the {self.layer.value}"
        if endpoints and self.layer not in OF_A_REQUEST:
            raise FaultError(f"{where}, before any endpoint is requested; leave out the endpoint")
        if counts and self.layer not in COUNTED:
            raise FaultError(f"{where}: there is nothing to count; give it a time (since, until) instead")

    def parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise FaultError(
                f"{self.name} has no parameter {name}; it has {', '.join(self.parameters) or 'none of its own'}"
            )
        return self.parameters[name]


def fault(
    layer: Layer,
    breaks: Breaks,
    description: str,
    *,
    needs: Iterable[Needs] = (),
    endpoints: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Fault]:
    """Declare a fault by its effect: it has the function's name, and its keyword-only arguments are the parameters."""

    def declare(effect: Callable[..., Any]) -> Fault:
        arguments = inspect.signature(effect).parameters.values()
        parameters = [_parameter(argument) for argument in arguments if argument.kind is inspect.Parameter.KEYWORD_ONLY]
        return Fault(
            effect.__name__.strip("_").replace("_", "-"),
            description,
            layer,
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
