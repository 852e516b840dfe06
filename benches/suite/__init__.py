"""The asv suite, and the programs of `make bench` and `make demo`."""
