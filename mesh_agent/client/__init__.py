"""A person's side of the server connection: REST, socket, cache and outbox."""
