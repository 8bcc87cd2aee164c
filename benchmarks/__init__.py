"""What synchronising costs, measured beside a floor. `sync.py` is where to start reading."""
