"""One verb each: set-up, checks, tests, benchmarks."""
