"""Pictures in the terminal, as halves of cells in two colours."""
