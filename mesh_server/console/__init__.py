"""The console: what whoever owns the data folder does with a server, whether it runs or not."""
