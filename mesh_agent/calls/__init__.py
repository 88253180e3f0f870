"""Calls: who is in one, how it is told, what a screen sees of it. Sound and pictures are in `media`."""
