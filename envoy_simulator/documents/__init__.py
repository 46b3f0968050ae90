"""The documents of a simulated gateway: pure functions of a moment, one module a kind of hardware."""
