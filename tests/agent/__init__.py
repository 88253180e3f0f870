"""The agent: machines without IO, then files, then real servers, then whole programs."""
