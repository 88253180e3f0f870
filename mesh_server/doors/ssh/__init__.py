"""The ssh door: `ssh name@host` is the client, with nothing installed.

asyncssh is loaded where a server has this door, and nowhere else.
"""
