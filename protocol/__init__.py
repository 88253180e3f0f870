"""The wire between Mesh's programs, and nothing else: messages, limits, errors and their bytes.

Strategy: every message is a msgspec struct that is validated as it is decoded, one tagged union a
direction, so that no dict travels past the codec. Nothing here does IO, reads a clock or keeps state of its
own; the server, the agent and any test may import all of it.
"""
