"""The programs as people start them: real processes, pseudo-terminals, a terminal emulator."""
