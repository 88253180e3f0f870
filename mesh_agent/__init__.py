"""Everything that acts for a user and has no screen."""
