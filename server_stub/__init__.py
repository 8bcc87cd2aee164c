"""The server. The folder keeps the name it was given; what is inside is no stub."""
