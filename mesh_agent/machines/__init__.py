"""What two agents say to each other, as machines without IO; the clock is an argument."""
