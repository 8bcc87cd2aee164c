"""The demo: a real server, both real windows, and a tour that checks itself."""
