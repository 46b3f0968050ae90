"""The generator: whether it runs, when it starts and stops, and its configuration.

Gateways without a generator respond too; one is installed if `gen_config` is not empty. No document reports its power
or energy.
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
        "Manufacturer, model, type and start method of the generator, as configured.",
        fields=("manufacturer", "model", "gen_type", "start_method"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorExercise:
    day: str = label()
    known: bool = info(
        "enphase_generator_exercise_info",
        "Day of the week on which the generator is scheduled to exercise.",
        fields=("exercise_config.day",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    running: bool | None = gauge(
        "enphase_generator_running", "Whether the generator runs (1) or not (0).", fields=("oper_state",)
    )
    commanded: bool | None = gauge(
        "enphase_generator_run_commanded",
        "Whether the generator is commanded to run (1) or not (0); absent while unknown.",
        fields=("admin_state",),
    )
    mode: str | None = states(
        "enphase_generator_mode",
        "mode",
        MODES,
        "Operating mode of the generator: 1 for the current mode, 0 for the others.",
        fields=("gen_cmd",),
    )
    start: float | None = gauge(
        "enphase_generator_start_charge_ratio",
        "State of charge of the batteries below which the generator starts; absent if not configured.",
        fields=("start_soc",),
    )
    stop: float | None = gauge(
        "enphase_generator_stop_charge_ratio",
        "State of charge of the batteries from which the generator stops; absent if not configured.",
        fields=("stop_soc",),
    )
    rated_power: float | None = gauge(
        "enphase_generator_rated_power_watts",
        "Rated power of the generator, converted from the gateway's kilowatts.",
        fields=("name_plate_rating_wat",),
    )
    exercise_running: float | None = gauge(
        "enphase_generator_exercise_running",
        "Whether the generator runs an exercise (a test run) (1) or not (0).",
        fields=("exc_on",),
    )
    exercise_interval: float | None = gauge(
        "enphase_generator_exercise_interval_seconds",
        "Interval at which the generator is scheduled to exercise.",
        fields=("freq_in_weeks",),
    )
    exercise_start: float | None = gauge(
        "enphase_generator_exercise_start_seconds",
        "Time of day at which the generator is scheduled to exercise, in seconds after local midnight.",
        fields=("exercise_config.start",),
    )
    exercise_duration: float | None = gauge(
        "enphase_generator_exercise_duration_seconds",
        "Duration of each scheduled exercise of the generator.",
        fields=("duration",),
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
    """The state of charge as a ratio; -1 means not configured (8.2.127_with_generator_running)."""
    return None if live.fields.get(key) == _NONE else live.ratio(key)


COLLECTOR = Collector(
    name="generator",
    enabled_by_default=True,
    readings=(GeneratorInfo, GeneratorExercise, Generator),
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
