"""`mesh-tui --plain`: lines in, lines out; for screen readers, terminals that can do nothing, and logs."""
