"""The generated parts of docs/development/simulator.md: the profiles, and every fault as it is declared."""

from collections.abc import Iterable, Iterator

from envoy_simulator import PROFILES
from envoy_simulator.faults import FAULTS, Fault
from envoy_simulator.faults.spec import WHEN


def with_tables(text: str) -> str:
    """The page with its generated parts replaced."""
    return _replaced(_replaced(text, "profiles", _profiles()), "faults", _faults())


def _replaced(text: str, mark: str, lines: Iterable[str]) -> str:
    before, begin, rest = text.partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- /{mark} -->\n")
    assert begin
    assert end
    return "".join((before, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, after))


def _profiles() -> Iterator[str]:
    yield "| profile | firmware | gateway |"
    yield "|---|---|---|"
    yield from (f"| `{name}` | {profile.software} | {profile.description} |" for name, profile in PROFILES.items())


def _faults() -> Iterator[str]:
    yield "| key | meaning |"
    yield "|---|---|"
    yield from (f"| `{key}` | {meaning} |" for key, meaning in WHEN.items())
    yield ""
    yield "| fault | effect | parameters | breaks | requires |"
    yield "|---|---|---|---|---|"
    yield from (_row(fault) for fault in FAULTS.values())


def _row(fault: Fault) -> str:
    parameters = " ".join(f"`{parameter.name}={parameter.summary}`" for parameter in fault.parameters.values())
    needs = ", ".join(sorted(need.value for need in fault.needs))
    escaped = parameters.replace("|", "\\|")
    return f"| `{fault.name}` | {fault.description} | {escaped} | {fault.breaks} | {needs} |"
