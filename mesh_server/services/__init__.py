"""The rules: who may do what, and what follows. No aiohttp, no SQL; stores, clocks, ids are arguments."""
