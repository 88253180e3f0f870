"""One program a figure; each prints a line of JSON for every figure."""
