"""A terminal that is shared: its emulator, its states, who watches, and what a guest sees and types."""
