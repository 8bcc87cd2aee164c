"""Real servers and real command lines behind a line that fails, killed at random moments."""
