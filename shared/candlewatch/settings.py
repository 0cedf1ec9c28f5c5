"""Every limit of the system, named with its unit, with the reason for its value."""

from __future__ import annotations

from typing import Final

# Wakes and runs
WAKE_WINDOW_SECONDS: Final = 300
"""A signed wake is refused when it is older: long enough for clock skew, too short to be kept."""

RUN_SECONDS_DEFAULT: Final = 55.0
"""A run's time where the host states none: below a minute, the shortest schedule of pg_cron 1.4."""

RUN_MARGIN_SECONDS: Final = 3.0
"""Nothing new is claimed this close to the end, so that a batch can finish and be completed."""

LEASE_SECONDS: Final = 20.0
"""A lease: long beside a batch (under a second), short beside a candle: a loss is soon healed."""

CLAIM_JOBS: Final = 500
"""Jobs per claim: batches of 500 are 30 to 50 times cheaper than single jobs, more gain nothing."""

CLAIM_COST: Final = 20_000.0
"""Cost per claim, in filter evaluations over the universe: about a second of work at the most."""

WORKER_POOL: Final = 4
"""Connections that a function keeps to the API: its calls follow one another."""

CHECK_TASKS: Final = 50
"""Filters per claim of the check: each compiles in about half a millisecond."""

CHECK_PATIENCE_SECONDS: Final = 1.0
"""A check looks on for so long: a filter whose wake was debounced must not wait for the tick."""

CHECK_PAUSE_SECONDS: Final = 0.1
"""Pause between two looks of a patient check: ten small claims a second."""

ENQUEUE_SLOTS: Final = 5_000
"""Slots that an idle worker turns into jobs in one call: a transaction of tens of milliseconds."""

ENQUEUE_WAIT_SECONDS: Final = 0.05
"""Pause of a worker with nothing to claim while another one makes jobs: about one such step."""

ENQUEUE_WAITS: Final = 20
"""Such pauses in a row: after a second whoever makes the jobs is stuck, and a tick wakes anew."""

# Market data
CACHE_BYTES: Final = 256 << 20
"""Frames that a function holds: 400 symbols x 1,000 candles x 6 timeframes are 145 MB."""

CACHE_OVERLAP_CANDLES: Final = 12
"""Candles loaded again with every new one: late symbols are repaired within the next candles."""

CACHE_SLACK_CANDLES: Final = 256
"""Room behind a kept window, so that a new candle is written without copying the older ones."""

# Indicators
INDICATOR_LOOKBACK_CANDLES: Final = 1_000
"""Candles that an indicator may need before its first value: what a filter may look back."""

INDICATOR_SETTLE_CANDLES: Final = 512
"""Candles given to a recursive indicator to forget its first value: a mean of 48 has by then."""

INDICATOR_BLOCK_CANDLES: Final = 128
"""Longest block of candles that share one calculation: a slice stays near what is needed."""

# Filters
FILTER_CHARACTERS_MAX: Final = 4_000
"""Characters of a filter: twenty times the longest of a hundred public strategies' conditions."""

FILTER_NODES_MAX: Final = 400
"""Syntax nodes of a filter, loops counted once: it bounds the work of the check."""

FILTER_GRAPH_NODES_MAX: Final = 2_000
"""Graph nodes of a filter after loops are unrolled: it bounds memory and work per filter."""

FILTER_DEPTH_MAX: Final = 32
"""Nesting of a filter's syntax tree: deeper cannot be read by people, nor by a recursion."""

FILTER_BRACKET_DEPTH_MAX: Final = 32
"""Nesting of brackets, counted before the parser runs: it protects the parser."""

FILTER_OPERATOR_RUN_MAX: Final = 16
"""Signs in a row (`---x`, `not not x`), counted before the parser runs: it protects the parser."""

FILTER_NUMBER_CHARACTERS_MAX: Final = 30
"""Characters of a number literal: a float64 has 17 digits; a sign, a point and an exponent."""

FILTER_LOOKBACK_MAX: Final = 1_000
"""Candles that a filter may look back on one timeframe: what functions hold in memory."""

FILTER_INDICATORS_MAX: Final = 20
"""Distinct indicators of a filter: each costs about 2 ms per close for 400 symbols."""

FILTER_COST_MAX: Final = 400.0
"""Cost of a filter, in passes of a simple moving average: about half a second by itself."""

FILTER_LOOP_MAX: Final = 1_000
"""Values that a loop may run over; the limit on graph nodes bounds what it makes of them."""

FILTER_PROBLEMS_MAX: Final = 20
"""Problems that one refusal lists: more than a person mends at a time."""

FILTER_WHY_MAX: Final = 24
"""Values that explain a match: names and the sides of comparisons, in the order of the text."""

# Plans
PLAN_BATCH_FILTERS: Final = 2_048
"""Filters evaluated together: their rows of symbols stay near the processor (about 16 MB)."""

PLAN_LAGS_MAX: Final = 8
"""Candles back at which a term is computed on its own; beyond, its whole history is computed."""

PLAN_EPOCHS_MAX: Final = 3
"""Closes whose results a plan keeps: the present one, and those that are being caught up."""

PLAN_SCHEDULES_MAX: Final = 256
"""Schedules of batches that a plan keeps (about 1 MB each): a repeated batch skips the sorting."""

REPLAY_CANDLES: Final = 512
"""Candles that a replay computes at a time: it bounds memory (400 symbols: 1.6 MB per term)."""

EXCHANGE_WEIGHT_PER_MINUTE: Final = 3_000
"""Half of what the exchange allows per address and minute (6,000): others may share the address."""

HISTORY_WEIGHT_SHARE: Final = 0.7
"""Share of the minute's weight at which history stops: the rest is there for a close of 400 symbols
(800 of 3,000). The database's own is `candlewatch.settings.history_weight_pct`."""

FETCH_THREADS: Final = 32
"""Calls in flight: 400 symbols at 80 ms each take a second; more would be a burst to no purpose."""

CALL_SECONDS: Final = 5.0
"""One attempt of one call, from the connection to the last byte: far above an exchange's 0.1 s."""

ATTEMPTS: Final = 3
"""Attempts of one call at one source; a fallback source gets as many."""

BACKOFF_BASE_SECONDS: Final = 0.25
"""Upper end of the first pause; it doubles, and the pause is drawn between zero and it."""

BACKOFF_CAP_SECONDS: Final = 2.0
"""Upper end of any pause: a candle waits ten seconds for its symbols at the most."""

EXCHANGE_BREAKER_FAILURES: Final = 8
"""Failures in a row, over all symbols, after which a source is left alone but for a probe."""

EXCHANGE_BREAKER_SECONDS: Final = 15.0
"""How long a failing source is left alone before one call probes it."""

THROTTLED_SECONDS: Final = 60.0
"""Pause after a 429 that does not say how long: the exchange counts by the minute."""

BANNED_SECONDS: Final = 120.0
"""Pause after a 418 that does not say how long: bans start at two minutes."""

FORBIDDEN_SECONDS: Final = 900.0
"""How long a source that forbids us is left alone: waiting does not help, an operator may."""

RETRY_AFTER_LIMIT_SECONDS: Final = 3 * 86_400.0
"""The longest ban of the exchange is three days; a larger number is a mistake."""

KLINES_LIMIT: Final = 1_000
"""Candles that the exchange gives in one answer."""

KLINES_BYTES: Final = 1 << 20
"""Size of an answer with 1,000 candles is 0.2 MB; more than five times that is not candles."""

LISTINGS_BYTES: Final = 48 << 20
"""Size of the list of all symbols with their trading rules is up to 20 MB."""

TICKERS_BYTES: Final = 8 << 20
"""Size of the day's figures of all symbols is about 1 MB."""

SMALL_BYTES: Final = 64 << 10
"""Size of errors and of the time: a few hundred bytes."""

JUMP_LIMIT: Final = 100.0
"""A price that changes by more from one close to the next is a mistake of the source: the worst
crash of a listed coin took hours for that, and a slipped decimal is a thousand."""

CLOSE_MARGIN_MS: Final = 500
"""A candle counts as closed half a second after its end by the exchange's clock: trades of the last
instant are booked by then."""

VALUES_PER_FILTER: Final = 500
"""Symbols per filter and candle whose values are sent: above the cap of signals of every tier."""

FILTER_STEPS_MAX: Final = 3_000
"""Steps of reading a filter with its loops written out: 15 ms; it bounds the work of the check."""

# Moving from another screener
MOVING_FILE_BYTES: Final = 64 << 20
"""A file of traders or signals: some 600,000 signals; it is held in memory whole."""

MOVING_BODY_BYTES: Final = 60_000
"""Traders of one request: below the API's limit of 64 kB with its headers."""

MOVING_ROWS: Final = 1_000
"""Rows of one answer: what the API gives at most."""

MOVING_CALL_SECONDS: Final = 30.0
"""One question of the import: the database ends a user's statement after 8 s."""

MOVING_WAITS: Final = 5
"""Refusals for too many calls that are waited for, each as long as `Retry-After` says."""

MOVING_WAIT_SECONDS: Final = 60.0
"""Longest wait after such a refusal: the buckets fill by the minute."""

# The database, as functions call it
DATABASE_CALL_SECONDS: Final = 15.0
"""One attempt: above PostgREST's 10 s for a connection of its pool, below a lease of 20 s."""

DATABASE_ATTEMPTS: Final = 5
"""Attempts in all: with the pauses below they outlast a restart of the server."""

DATABASE_BACKOFF_BASE_SECONDS: Final = 0.2
"""Upper end of the first pause: a deadlock or a lost connection is over by then."""

DATABASE_BACKOFF_CAP_SECONDS: Final = 5.0
"""Upper end of any pause, and of any `Retry-After` that is waited for within a run."""

BREAKER_FAILURES: Final = 8
"""Failures in a row that open the breaker: more than one call's attempts, so two calls agree."""

BREAKER_SECONDS: Final = 5.0
"""How long nobody calls before one call probes: short beside a candle, long beside a restart."""

# Runs that fetch
FETCH_LEASE_SECONDS: Final = 75.0
"""Lease of an ingest, backfill or universe task: a whole run and its margin."""

INGEST_WAIT_SECONDS: Final = 10.0
"""How long after its close a candle is waited for: the exchange can be ten seconds late."""

INGEST_POLL_SECONDS: Final = 0.25
"""Pause between two questions for candles that are not there yet."""

INGEST_EARLY_SECONDS: Final = 15.0
"""How far the exchange's clock may be behind the database's before an ingest is put off."""

SYMBOL_SECONDS: Final = 8.0
"""All attempts for one symbol's candles: below the wait for a candle, so a slow one is late."""

LISTINGS_SECONDS: Final = 25.0
"""All attempts for the list of all symbols, which is some megabytes."""

CLOSES_BEFORE: Final = 12
"""Candles among which the last known close is looked for, to judge whether a new one is absurd."""

BACKFILL_SECONDS: Final = 65.0
"""All attempts for one symbol's history: a used up budget is waited for until the next minute."""

BACKFILL_CANDLES: Final = 500
"""Candles per chunk: one call for each symbol; 400 symbols are 10 MB of frames."""

ABSENT_AFTER_SECONDS: Final = 86_400.0
"""A candle that the exchange does not have a day after its close is not asked for again."""

STORE_FRAMES: Final = 100
"""Frames per call of `store_frames`: 2.5 MB of base64 for 400 symbols."""

AUDIT_SYMBOLS: Final = 2
"""Derived candles that are compared with the exchange's own at a close of a longer timeframe."""

UNIVERSE_SYMBOLS: Final = 400
"""Symbols that are watched, by traded volume: a close of all weighs 800 of 3,000 a minute."""

UNIVERSE_SLACK: Final = 1.25
"""A watched symbol stays until it falls behind this many times the number, and never flickers."""

UNIVERSE_QUOTES: Final = ("USDT",)
"""Quote assets that are watched where the operator names no others."""

# Calls of users
CALL_BYTES_MAX: Final = 65_536
"""Bytes of a call's body: the API's own limit."""

USER_CALL_SECONDS: Final = 10.0
"""One question to the API with a user's token: the database ends a user's statement after 8 s."""

PREVIEW_SYMBOLS_MAX: Final = 100
"""Matches and symbols named in a preview: more than a page holds; the counts are whole."""

EXPLAIN_CANDLES_MAX: Final = 1_440
"""Candles that a preview or an explanation looks at: a day of minutes."""

VIEW_SECONDS: Final = 60.0
"""How long a function that previews keeps symbols and frames: repairs are seen after that."""
