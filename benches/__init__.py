"""The asv suite, and the table of `make bench`."""
