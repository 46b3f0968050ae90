"""A fault as data: its name, its effect, the layer that it acts on, and what a client may lose while it is on."""

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
    """The layer that a fault acts on. Its effect is a function of the context and of the arguments described here."""

    LISTENING = "listener"
    """From the usual `Listening` to another `Listening`, or None for a closed port."""
    IDENTITY = "gateway"
    """Returns the `Identity` of another gateway."""
    CONNECTION = "connection"
    """Returns the steps on an accepted connection."""
    TLS = "TLS"
    """From the usual TLS context to another; None is plain HTTP."""
    ACCESS = "access"
    """From the function that responds to requests, and a request, to a response."""
    DOCUMENT = "document"
    """From a parsed JSON document to another."""
    BODY = "body"
    """From bytes to bytes."""
    RESPONSE = "response"
    """From a `Response` to another."""
    MESSAGE = "HTTP message"
    """From the steps of a healthy server, of which the whole response is the first, to other steps."""
    WIRE = "wire"
    """From the steps that send a response, of whatever kind, to other steps."""
    SEQUENCE = "sequence"
    """Returns the faults that are on now, with their parameters."""


OF_A_REQUEST = (Layer.ACCESS, Layer.DOCUMENT, Layer.BODY, Layer.RESPONSE, Layer.MESSAGE, Layer.WIRE)
COUNTED = (*OF_A_REQUEST, Layer.CONNECTION, Layer.TLS)


class Needs(Enum):
    """A property that a gateway must have for a fault to have an effect."""

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
    """A parameter of a fault. `choices`: all allowed values; () if the values are not enumerated."""

    name: str
    default: Value
    choices: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The default, followed by the other choices."""
        others = (choice for choice in self.choices if choice != self.default)
        return "|".join((str(self.default), *others))

    def read(self, text: str) -> Value:
        """The value of a text. Raises FaultError."""
        try:
            if isinstance(self.default, bool):
                return {"true": True, "false": False}[text]
            return self.checked(type(self.default)(text))
        except (ValueError, KeyError) as error:
            raise FaultError(f"{self.name}={text} is invalid: {self._expected()}") from error

    def checked(self, value: Value) -> Value:
        if self.choices and value not in self.choices:
            raise FaultError(f"{self.name}={value} is invalid: {self._expected()}")
        return value

    def _expected(self) -> str:
        if self.choices:
            return f"must be one of {', '.join(self.choices)}"
        return {
            bool: "must be true or false",
            int: "must be an integer",
            float: "must be a number",
            str: "must be a text",
        }[type(self.default)]


@dataclass(frozen=True, slots=True)
class FaultContext:
    """The data that an effect can use.

    `now`: the gateway's clock, seconds since 1970. `since`: seconds since the fault was switched on. `number`: the
    number of the request or connection among those that the fault concerns, from 1. `random`: the same for the same
    seed and number. `memory`: data that the fault keeps while it is on.
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
    """A fault. `endpoints`: the paths on which it has an effect; () is all paths.

    `breaks`: the most that a correct client loses while the fault is on. `gateway`: everything. `endpoint`: the
    responses that it applies to. `values`: single values, which are missing or changed. `nothing`: a client that loses
    anything has a bug.
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
        """The parameters for tests: the defaults, and each other choice of each parameter with choices."""
        others: list[dict[str, Value]] = [
            {parameter.name: choice}
            for parameter in self.parameters.values()
            for choice in parameter.choices
            if choice != parameter.default
        ]
        return ({}, *others)

    def suits(self, profile: Profile, *, tls: bool) -> bool:
        """Whether the fault has an effect on a gateway with this profile."""
        has = {
            Needs.TLS: tls,
            Needs.TOKENS: profile.requires_token,
            Needs.DIGEST: bool(profile.locked),
            Needs.JSON_SITE: profile.firmware >= (4,),
            Needs.METERS: bool(profile.meters),
            Needs.STORAGE_METER: STORAGE in profile.meters,
            Needs.BATTERIES: any(battery.kind == "iq" for battery in profile.design.batteries),
            Needs.PROFILE: True,
        }
        return all(has[need] for need in self.needs)

    def options(self, overrides: Mapping[str, Value]) -> dict[str, Value]:
        """All parameters: the overrides, and the defaults of the others. Raises FaultError."""
        for name, value in overrides.items():
            self.parameter(name).checked(value)
        return {name: overrides.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def check(self, *, endpoints: bool, counts: bool) -> None:
        """Raise FaultError for a condition on endpoints, or on numbers, that is not possible on this layer."""
        layer = f"it acts on the {self.layer.value}"
        if endpoints and self.layer not in OF_A_REQUEST:
            raise FaultError(f"{self.name} does not support endpoint: {layer}, before any endpoint is requested")
        if counts and self.layer not in COUNTED:
            raise FaultError(
                f"{self.name} does not support from, to, every and probability: {layer}; use since and until"
            )

    def parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise FaultError(
                f"unknown parameter {name!r} of {self.name} (parameters: {', '.join(self.parameters) or 'none'})"
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
