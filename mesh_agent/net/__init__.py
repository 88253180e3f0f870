"""How bytes get from one device to another: identities, ways, QUIC and TLS."""
