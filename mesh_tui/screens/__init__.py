"""What fills the terminal: signing in, Home, a room, and the pages above them."""
