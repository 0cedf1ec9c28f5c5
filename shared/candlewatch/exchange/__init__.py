"""Market data from an exchange: its protocol, a client, and a simulated exchange."""
