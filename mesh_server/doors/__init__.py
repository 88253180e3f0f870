"""Doors: ways to Mesh for people who have none of its programs, where the server runs the client for them."""
