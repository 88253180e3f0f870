"""Files and folders between two people, from the wish to the file in its place."""
