"""Programs that take too long for a test. Run them by hand; each has a target in the Makefile."""
