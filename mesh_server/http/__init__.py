"""The REST calls: thin handlers that decode, ask one service, and encode."""
