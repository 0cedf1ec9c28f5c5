"""Chaos: real processes that are really killed, a real server that really crashes, and a judge."""
