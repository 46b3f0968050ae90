"""Energy of a day and of a week, where it is plausible next to the lifetime energy."""

from captures.expected.check import Json, joules

NEAR = 0.002
"""Two energies are the same if they differ by less than this part of the lifetime energy."""

PRODUCTION_JSON_FIELDS = ("whToday", "whLastSevenDays", "whLifetime")
API_V1_FIELDS = ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime")


def today_joules(register: Json) -> float | None:
    """None for a day that equals the lifetime, or the lifetime without a smaller week."""
    today, week, lifetime = _energies(register)
    return joules(today) if _is_plausible_day(today, week, lifetime) else None


def last_week_joules(register: Json) -> float | None:
    """None for a week that equals the lifetime, with or without a plausible day, or that is below a plausible day."""
    today, week, lifetime = _energies(register)
    day = today if _is_plausible_day(today, week, lifetime) else 0
    is_lifetime = min(abs(week - lifetime), abs(week + day - lifetime)) <= NEAR * lifetime
    return None if is_lifetime or week < day else joules(week)


def _energies(register: Json) -> tuple[float, float, float]:
    fields = API_V1_FIELDS if "wattHoursLifetime" in register else PRODUCTION_JSON_FIELDS
    today, week, lifetime = (register[field] for field in fields)
    return today, week, lifetime


def _is_plausible_day(today: float, week: float, lifetime: float) -> bool:
    is_lifetime = abs(today - lifetime) <= NEAR * lifetime
    is_rest = today > week and abs(today + week - lifetime) <= NEAR * lifetime
    return today == 0 or (not is_lifetime and not is_rest)
