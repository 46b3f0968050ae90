"""The table of docs/simulator.md: every fault as it is declared."""

from collections.abc import Iterator

from envoy_simulator.faults import FAULTS, Fault
from envoy_simulator.faults.spec import WHEN

BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->\n"


def with_table(text: str) -> str:
    """The page with what stands between the marks written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "".join((before, BEGIN, "\n", *(f"{line}\n" for line in _lines()), "\n", END, after))


def _lines() -> Iterator[str]:
    yield "| key | |"
    yield "|---|---|"
    yield from (f"| `{key}` | {about} |" for key, about in WHEN.items())
    yield ""
    yield "| fault | what happens | parameters | breaks | makes sense with |"
    yield "|---|---|---|---|---|"
    yield from (_row(fault) for fault in FAULTS.values())


def _row(fault: Fault) -> str:
    parameters = " ".join(f"`{each.name}={each.summary}`" for each in fault.parameters.values()).replace("|", "\\|")
    needs = ", ".join(sorted(each.value for each in fault.needs))
    return f"| `{fault.name}` | {fault.about} | {parameters} | {fault.breaks} | {needs} |"
