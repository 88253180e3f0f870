"""The pictures of a call: where they come from, how they are sent, and how they become cells."""
