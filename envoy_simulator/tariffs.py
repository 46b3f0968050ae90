"""The tariffs of the simulated gateways, and the settings of their batteries."""

from dataclasses import dataclass

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Period:
    """Part of a day: from `start`, in minutes after midnight, until the next one begins."""

    name: str
    start: int
    rate: float


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    days: tuple[str, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """A price up to `limit` kilowatt-hours a month; -1 is without limit."""

    name: str
    limit: int
    rate: float


@dataclass(frozen=True, slots=True)
class Season:
    """`start`: month/day."""

    name: str
    start: str
    days: tuple[Day, ...] = ()
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices for a kilowatt-hour. `mode`: the mode of the batteries; None on firmware without such settings."""

    currency: str
    rate: float
    sell: float = 0.0
    seasons: tuple[Season, ...] = ()
    mode: str | None = "self-consumption"
    charge_from_grid: bool = False


def _day(name: str, days: tuple[str, ...], *periods: tuple[str, int, float]) -> Day:
    return Day(name, days, tuple(Period(*period) for period in periods))


def _californian(low: float, middle: float, high: float) -> tuple[Day, ...]:
    """Weekdays and weekend. The period `filler` begins and ends a day (8.2.127_with_3cts_and_battery_split)."""
    periods = (
        ("filler", 0, low),
        ("period_2", 900, middle),
        ("period_1", 960, high),
        ("period_3", 1260, middle),
        ("filler", 1439, low),
    )
    return (_day("weekdays", WEEK[:5], *periods), _day("weekend", WEEK[5:], *periods))


OKLAHOMAN = Tariff(
    "USD",
    0.1264,
    seasons=(
        Season(
            "season_1",
            "1/1",
            tiers=(Tier("tier_1", 600, 0.1264), Tier("tier_2", 1400, 0.1147), Tier("tier_3", -1, 0.0981)),
        ),
    ),
    mode=None,
)
NO_PRICES = Tariff("USD", 0.0, mode=None)
WISCONSINITE = Tariff("USD", 0.1682, 0.0445, mode=None)
DUTCH = Tariff("EUR", 0.28, 0.07)
AUSTRIAN = Tariff("EUR", 0.29, 0.065)
FLEMISH = Tariff(
    "EUR",
    0.31,
    seasons=(
        Season("all_year_long", "1/1", (_day("all_days", WEEK, ("period_1", 420, 0.31), ("filler", 1320, 0.27)),)),
    ),
)
CALIFORNIAN = Tariff(
    "USD",
    0.3417,
    0.000082,
    seasons=(
        Season("summer", "6/1", _californian(0.3417, 0.50125, 0.61203)),
        Season("winter", "10/1", _californian(0.33859, 0.46958, 0.49479)),
    ),
)
NEW_YORKER = Tariff(
    "USD",
    0.1537,
    0.1912,
    seasons=(
        Season(
            "all_year_long",
            "1/1",
            (
                _day("weekdays", WEEK[:5], ("filler", 0, 0.1537), ("peak-1_", 900, 0.3685), ("filler", 1140, 0.1537)),
                _day("weekend", WEEK[5:], ("filler", 0, 0.1537)),
            ),
        ),
    ),
)
_COLORADAN_TIERS = (Tier("tier_1", 500, 0.1511), Tier("tier_2", -1, 0.1582))
COLORADAN = Tariff(
    "USD",
    0.1582,
    0.0715,
    seasons=(Season("season_1", "5/1", tiers=_COLORADAN_TIERS), Season("season_2", "10/1", tiers=_COLORADAN_TIERS)),
)
