"""What an operator may ask besides serving: one module a command."""
