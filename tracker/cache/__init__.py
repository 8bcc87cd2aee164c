"""The device's own storage: a precious outbox and a rebuildable cache. No pydantic, no Qt."""
