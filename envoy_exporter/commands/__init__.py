"""What the command does besides serving: one module a verb."""

from . import simulate

VERBS = {"simulate": simulate}
