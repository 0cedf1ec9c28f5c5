"""Bugs of signals: entries, memory, universe, cooldown, cap, uniqueness."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug

_ENTRIES: Final = "tests/queue/test_entries.py::test_"


def _bug(name: str, function: str, old: str, new: str, test: str) -> Bug:
    return Bug(name, f"sql/20_functions/{function}.sql", old, new, _ENTRIES + test)


BUGS: Final = (
    _bug(
        "an entry is reported on every candle",
        "decide_entries",
        "when 'on_entry' then ~ s.matched",
        "when 'on_entry' then s.is_true",
        "a_match_that_lasts_is_reported_once",
    ),
    _bug(
        "what is not known is forgotten",
        "decide_entries",
        "(candlewatch.fit_bits(m.matched, w.bits) & a.is_unknown) | a.is_true as matched_after",
        "a.is_true as matched_after",
        "a_candle_on_which_nothing_is_known_fakes_no_entry",
    ),
    _bug(
        "what has ended is remembered",
        "decide_entries",
        "(candlewatch.fit_bits(m.matched, w.bits) & a.is_unknown) | a.is_true as matched_after",
        "candlewatch.fit_bits(m.matched, w.bits) | a.is_true as matched_after",
        "a_match_that_ended_is_reported_again_when_it_returns",
    ),
    _bug(
        "a slot without matches leaves the memory as it was",
        "decide_entries",
        "      and (bit_count(a.is_true) > 0 or bit_count(m.matched) > 0)",
        "      and bit_count(a.is_true) > 0",
        "a_match_that_ended_is_reported_again_when_it_returns",
    ),
    _bug(
        "the universe is not looked at",
        "decide_entries",
        "s.is_true & candlewatch.fit_bits(u.bits, w.bits)\n",
        "s.is_true\n",
        "symbols_outside_the_universe_are_not_reported",
    ),
    _bug(
        "a cooldown is one candle short",
        "list_matches",
        "      and g.candle_at >= d.candle_at\n",
        "      and g.candle_at > d.candle_at\n",
        "a_cooldown_of_two_candles_silences_two_candles",
    ),
    _bug(
        "the cap keeps the symbols with the least volume",
        "list_matches",
        "order by s.quote_volume desc, s.position",
        "order by s.quote_volume, s.position",
        "over_the_cap_those_with_the_most_volume_are_kept_and_the_rest_is_counted",
    ),
    _bug(
        "signals have no cap",
        "list_matches",
        ") <= r.signals_per_candle",
        ") > 0",
        "over_the_cap_those_with_the_most_volume_are_kept_and_the_rest_is_counted",
    ),
    _bug(
        "a start forgets nothing",
        "remember_start",
        "where m.trader_id = p_trader and (m.matched <> '' or m.failure_count <> 0)",
        "where false",
        "a_start_forgets_and_an_edit_remembers",
    ),
    _bug(
        "a manual run changes what is remembered",
        "remember_slots",
        "    where d.kind <> 'manual'\n",
        "",
        "a_manual_run_reports_nothing_twice_and_leaves_the_memory_alone",
    ),
    _bug(
        "a signal that exists stops the completion",
        "write_signals",
        "    on conflict (trader_id, symbol, timeframe, candle_at) do nothing\n",
        "",
        "a_manual_run_reports_nothing_twice_and_leaves_the_memory_alone",
    ),
)
