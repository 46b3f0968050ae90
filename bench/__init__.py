"""What takes too long for a test: programs to be run by hand, each with a target of the Makefile."""
