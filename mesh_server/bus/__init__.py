"""How what is on disk becomes known: every node publishes, every node hears."""
