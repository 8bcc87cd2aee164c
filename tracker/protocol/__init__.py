"""The wire contract, imported by client and server alike. Loads pydantic, and nothing of Qt."""
