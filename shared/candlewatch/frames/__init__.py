"""Candles as arrays: windows, packing, derivation and the cache of a warm function."""
