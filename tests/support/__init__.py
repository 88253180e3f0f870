"""What several suites need: programs as processes, conditions to wait for."""
