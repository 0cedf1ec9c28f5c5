"""Indicators: the catalog of what a filter may compute, and the computation itself.

Arrays have the shape (symbols, candles), oldest candle first; NaN means "not known".
"""
