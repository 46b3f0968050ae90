"""The generator: does it run, when it would start and stop, and how it is set up.

Gateways without one answer too; there is one where `gen_config` is not empty. No document has its power or energy.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import GENERATOR, GENERATOR_CONFIG, GENERATOR_MODE, GENERATOR_SCHEDULE
from envoy_exporter.families import Reading, gauge, info, label, states
from envoy_exporter.fields import CLOSED, GENERAL_RULES, FieldReader, scaled

from .collector import Collector, Context, Result
from .document_reader import DocumentReader

MODES = ("off", "on", "auto")
_NONE = -1
_MAX_KILOWATTS = 1000
_MINUTE, _WEEK = 60, 7 * 86400
_MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorInfo:
    manufacturer: str | None = label()
    model: str | None = label()
    type: str | None = label()
    start_method: str | None = label()
    known: bool = info(
        "enphase_generator_info",
        "The generator as it was set up.",
        fields=("manufacturer", "model", "gen_type", "start_method"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorExercise:
    day: str = label()
    known: bool = info(
        "enphase_generator_exercise_info",
        "The day of the week on which it is set to exercise.",
        fields=("exercise_config.day",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    running: bool | None = gauge(
        "enphase_generator_running", "1: it runs, 0: it stands still.", fields=("oper_state: close, open",)
    )
    commanded: bool | None = gauge(
        "enphase_generator_run_commanded", "1: it has been told to run; absent while unknown.", fields=("admin_state",)
    )
    mode: str | None = states("enphase_generator_mode", "mode", MODES, "How it is switched.", fields=("gen_cmd",))
    start: float | None = gauge(
        "enphase_generator_start_charge_ratio",
        "Battery charge below which it starts; absent: none is set.",
        fields=("start_soc",),
    )
    stop: float | None = gauge(
        "enphase_generator_stop_charge_ratio",
        "Battery charge from which it stops; absent: none is set.",
        fields=("stop_soc",),
    )
    rated_power: float | None = gauge(
        "enphase_generator_rated_power_watts", "Rated power.", fields=("name_plate_rating_wat, which is in kW",)
    )
    exercise_running: float | None = gauge(
        "enphase_generator_exercise_running", "1: it is exercising, to stay fit for use.", fields=("exc_on",)
    )
    exercise_interval: float | None = gauge(
        "enphase_generator_exercise_interval_seconds", "How often it is set to exercise.", fields=("freq_in_weeks",)
    )
    exercise_start: float | None = gauge(
        "enphase_generator_exercise_start_seconds",
        "How long after local midnight it is set to begin to exercise.",
        fields=("exercise_config.start",),
    )
    exercise_duration: float | None = gauge(
        "enphase_generator_exercise_duration_seconds", "How long it is set to exercise each time.", fields=("duration",)
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    return Result(tuple(_generator(reader)), tuple(reader.rejections), None)


def _generator(reader: DocumentReader) -> Iterator[Reading]:
    config = reader.fields(GENERATOR_CONFIG, entries.generator(reader.documents))
    if not config:
        return
    yield GeneratorInfo(
        manufacturer=config.text("manufacturer"),
        model=config.text("model"),
        type=config.text("gen_type"),
        start_method=config.text("start_method"),
    )
    kilowatts = config.number("name_plate_rating_wat", low=0, high=_MAX_KILOWATTS)
    live, mode = reader.entry(GENERATOR), reader.entry(GENERATOR_MODE)
    exercise = reader.entry(GENERATOR_SCHEDULE, "exercise_config")
    if day := exercise.text("day"):
        yield GeneratorExercise(day=day)
    yield Generator(
        running=live.is_one_of("oper_state", CLOSED),
        commanded=live.is_one_of("admin_state", CLOSED),
        mode=mode.text("gen_cmd"),
        start=_charge(live, "start_soc"),
        stop=_charge(live, "stop_soc"),
        rated_power=scaled(kilowatts, 1000),
        exercise_running=live.number("exc_on", low=0, high=1),
        exercise_interval=scaled(exercise.number("freq_in_weeks", low=0), _WEEK),
        exercise_start=scaled(exercise.number("start", low=0, high=_MINUTES_A_DAY), _MINUTE),
        exercise_duration=scaled(exercise.number("duration", low=0), _MINUTE),
    )


def _charge(live: FieldReader, key: str) -> float | None:
    """As a ratio; -1 means none (8.2.127_with_generator_running)."""
    return None if live.fields.get(key) == _NONE else live.ratio(key)


COLLECTOR = Collector(
    name="generator",
    enabled_by_default=True,
    readings=(GeneratorInfo, GeneratorExercise, Generator),
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
