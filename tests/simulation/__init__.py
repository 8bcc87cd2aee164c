"""The whole product, minus screens and sockets, under faults that a seed chooses."""
