"""One WebSocket connection: frames, hello, routes."""
