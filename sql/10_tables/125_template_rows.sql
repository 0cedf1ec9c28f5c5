-- The ten filters that ship. The operator may edit, remove and add in the dashboard.
insert into public.templates (position, slug, timeframe, name, description, filter) values
  (10, 'oversold-in-an-uptrend', '1h', 'Oversold in an uptrend',
    'RSI under 30 on the hour while the price is above its long average on 4 hours.',
    $$uptrend = at("4h", close > ema(close, 200))
strength = rsi(close, 14)
strength < 30 and uptrend
$$),
  (20, 'golden-cross', '4h', 'Golden cross',
    'The 50 candle average crosses above the 200 candle average.',
    $$fast, slow = sma(close, 50), sma(close, 200)
crossed_above(fast, slow)
$$),
  (30, 'breakout-with-volume', '1h', 'Breakout with volume',
    'The close is above the highest price of the 20 candles before, on twice the usual volume.',
    $$ceiling = highest(high, 20)[1]
usual = sma(volume, 20)[1]
close > ceiling and volume > 2 * usual
$$),
  (40, 'squeeze-release', '1h', 'Squeeze release',
    'The price leaves its Bollinger bands upwards after they were narrower than for 100 candles.',
    $$upper, middle, lower = bbands(close, 20, 2, 2)
width = (upper - lower) / middle
tight = any(width <= lowest(width, 100), 6)
tight and crossed_above(close, upper)
$$),
  (50, 'macd-turns-up', '4h', 'MACD turns up',
    'The MACD line crosses above its signal line below zero: a fall that may be over.',
    $$line, signal, histogram = macd(close, 12, 26, 9)
crossed_above(line, signal) and line < 0
$$),
  (60, 'strongest-ten', '1h', 'Strongest ten',
    'Enters the ten symbols that rose most in 24 hours.',
    $$gain = change_pct(close, 24)
place = rank(gain)
place <= 10 and gain > 0
$$),
  (70, 'pullback-to-the-average', '1h', 'Pullback to the average',
    'In an orderly uptrend the price touches its 20 candle average and closes above it.',
    $$fast, middle, slow = ema(close, 20), ema(close, 50), ema(close, 200)
orderly = fast > middle > slow
orderly and low <= fast and close > fast and not any(low[1] <= fast[1], 5)[1]
$$),
  (80, 'stronger-than-bitcoin', '1h', 'Stronger than Bitcoin',
    'Five points ahead of Bitcoin over 24 hours while Bitcoin itself is not falling.',
    $$own = change_pct(close, 24)
bitcoin = of("BTCUSDT", change_pct(close, 24))
calm = of("BTCUSDT", rsi(close, 14) > 45)
own > bitcoin + 5 and calm
$$),
  (90, 'volume-spike', '5m', 'Volume spike',
    'Five minutes with far more volume than usual and a rising price.',
    $$spike = zscore(volume, 100)
spike > 4 and close > open
$$),
  (100, 'supertrend-turns-up', '4h', 'Supertrend turns up',
    'The Supertrend changes from falling to rising.',
    $$trend = supertrend(10, 3)
direction, level = trend.direction, trend.value
direction > 0 and direction[1] < 0
$$);
