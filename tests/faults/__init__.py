"""What happens when something breaks: a kill, a full disk, a dead line, a slow reader."""
