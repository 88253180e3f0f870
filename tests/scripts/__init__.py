"""The programs under scripts/, run as a person runs them."""
