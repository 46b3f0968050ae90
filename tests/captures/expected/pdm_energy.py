"""/ivp/pdm/energy: the gateway's own energy registers."""

from collections.abc import Iterator

from captures.expected.check import Item, check, joules, part
from captures.expected.energy import last_week_joules, today_joules
from captures.recording import Recording


def registers(recording: Recording) -> Iterator[Item]:
    """A meter that is not installed has only zeros."""
    document = recording.object("ivp_pdm_energy")
    for side, prefix in (("production", ""), ("consumption", "consumption_")):
        for meter in ("pcu", "rgm", "eim"):
            register = document.get(side, {}).get(meter, {})
            if any(register.values()):
                yield {"source": f"{prefix}{meter}"}, register


PARTS = (
    part(
        registers,
        check("enphase_pdm_power_watts", "wattsNow"),
        check("enphase_pdm_energy_lifetime_joules", "wattHoursLifetime", joules),
        check("enphase_pdm_energy_today_joules", today_joules),
        check("enphase_pdm_energy_last_week_joules", last_week_joules),
    ),
)
