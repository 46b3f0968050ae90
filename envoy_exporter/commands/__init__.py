"""What the command does besides serving: one module a verb."""

from . import layout, login, simulate

VERBS = {"simulate": simulate, "login": login, "layout": layout}
