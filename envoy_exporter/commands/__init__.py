"""What the command does besides serving: one module a verb."""

from . import layout, simulate

VERBS = {"simulate": simulate, "layout": layout}
