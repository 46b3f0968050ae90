"""The documents of a simulated gateway: pure functions of a moment, one module for each kind of hardware."""
