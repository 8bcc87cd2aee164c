"""Getting actions to the server and rows back: one engine, over ports, with one thread."""
