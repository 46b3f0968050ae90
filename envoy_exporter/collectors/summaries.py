"""What each collector reads, in one line, for `--help`, README.md and docs/metrics.md."""

from types import MappingProxyType

SUMMARIES = MappingProxyType(
    {
        "identity": "Serial number, part number, firmware, clock and time zone of the gateway",
        "production": "Site: production, the gateway's estimate of consumption, net consumption",
        "meters": "Current transformers (CTs): power, energy, voltage and current, also by phase; status and flags",
        "inverters": "Microinverters: power, energy, DC and AC values, temperature, states and flags",
        "layout": "Names and places of inverters from the configuration, and whether the gateway lists them",
        "batteries": "Batteries: all together, by kind (IQ, AC), and each unit",
        "controller": "System controller (Enpower), meter collar and combiner: grid connection and states",
        "relays": "Load relays (dry contacts) of the system controller that are in use",
        "generator": "Generator: state, start and stop conditions, configuration",
        "iq_relay": "IQ Relay (Q-Relay, NSRB): contact, voltages, frequency, temperature",
        "tariff": "Settings of the batteries (mode, reserve) and prices of the tariff",
        "limits": "Limits of export and production",
        "network": "Connection of the gateway to Enlighten, network interfaces, signal levels of its devices",
        "livedata": "Power every second, while a client such as the Enphase app streams it",
        "installer": "Power line, interval data, grid profile; most of it needs an installer's token",
    }
)
