"""The server: accounts, rooms, the log of each room, and introductions between people."""
