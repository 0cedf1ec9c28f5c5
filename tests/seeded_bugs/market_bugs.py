"""Bugs of market data: weight, refusals, closedness, gaps, marks."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug

_RESERVE: Final = "sql/20_functions/reserve_weight.sql"
_BUDGET: Final = "shared/candlewatch/exchange/budget.py"
_BACKFILL: Final = "shared/candlewatch/runs/backfill.py"
_FRAMES: Final = "tests/sql/queue/test_wakes_and_frames.py::test_"
_GAPS: Final = "tests/runs/test_gaps.py::test_"


BUGS: Final = (
    Bug(
        "history takes the whole minute",
        _RESERVE,
        "case when p_history then s.history_weight_pct else 100 end",
        "100",
        _FRAMES + "a_close_has_room_in_a_minute_that_history_has_used",
    ),
    Bug(
        "everybody probes",
        _RESERVE,
        "(v_state.state = 'open' or c.place = 1)",
        "true",
        "tests/exchange/test_budget.py::test_a_closed_source_grants_nothing_then_one_probe",
    ),
    Bug(
        "what was counted in another minute holds in this one",
        _RESERVE,
        "case when date_trunc('minute', p_used_at) = v_minute then p_used end",
        "p_used",
        "tests/exchange/test_budget.py"
        "::test_what_the_exchange_counted_in_another_minute_does_not_count_in_this_one",
    ),
    Bug(
        "a permit from before a refusal is used",
        _BUDGET,
        "                if before == self._reports:\n",
        "                if before <= self._reports:\n",
        "tests/exchange/test_budget.py"
        "::test_what_was_granted_before_a_refusal_came_here_is_asked_for_again",
    ),
    Bug(
        "a refusal is kept from the other functions",
        _BUDGET,
        "            self._reports += 1\n"
        "            self._budget.report(self._source, state, until, note)\n",
        "            self._reports += 1\n",
        "tests/exchange/test_client.py"
        "::test_nobody_calls_before_the_refusal_is_over_and_then_one_probe_opens_it",
    ),
    Bug(
        "the forming candle counts as closed",
        "shared/candlewatch/exchange/protocol.py",
        "timeframe.ms - 1",
        "timeframe.ms",
        "tests/exchange/test_fault_scripts.py"
        "::test_without_a_script_all_closed_candles_come_and_no_open_one",
    ),
    Bug(
        "an absurd price is published",
        "shared/candlewatch/runs/ingest.py",
        "if len(candles.numbers) and not absurd:",
        "if len(candles.numbers):",
        "tests/runs/test_ingest.py::test_an_absurd_price_is_as_good_as_none",
    ),
    Bug(
        "one answer with a gap is believed",
        _BACKFILL,
        " & (window.revisions > 0)",
        "",
        _GAPS + "one_answer_with_a_gap_in_old_candles_is_not_believed",
    ),
    Bug(
        "an answer that cannot be read marks what is unknown as absent",
        _BACKFILL,
        "row not in told for row in trading",
        "False for row in trading",
        _GAPS + "an_answer_that_cannot_be_read_marks_nothing",
    ),
    Bug(
        "a symbol that begins to trade gets no history",
        "sql/20_functions/store_symbols.sql",
        "  if v_began then\n",
        "  if false then\n",
        _GAPS + "a_symbol_that_begins_to_trade_gets_its_history",
    ),
    Bug(
        "a repaired frame keeps its revision",
        "sql/20_functions/store_frame.sql",
        "    revision = f.revision + 1,\n",
        "    revision = f.revision,\n",
        _GAPS + "a_late_candle_is_shown_and_repaired_as_a_revision_without_a_second_dispatch",
    ),
)
