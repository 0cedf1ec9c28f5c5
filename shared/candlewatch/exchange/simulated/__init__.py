"""A simulated exchange: a server that answers as Binance's spot market does, from a made market."""
