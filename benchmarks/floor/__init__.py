"""The least that moves the same rows with the same durability: what a figure is compared with."""
