"""Pictures in the terminal: as halves of cells in two colours, or as it shows them itself."""
