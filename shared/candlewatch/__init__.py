"""Candlewatch: every closed candle, every running trader, each signal exactly once."""
