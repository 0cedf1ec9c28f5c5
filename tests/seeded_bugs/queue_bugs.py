"""Bugs of the queue: fences, locks, caps, attempts, order, plans."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug

_FUNCTIONS: Final = "sql/20_functions/"
_VERDICT: Final = "sql/15_values/verdict_on.sql"
_OWNERS: Final = "tests/queue/test_two_owners.py::test_"
_STRANDED: Final = "tests/queue/test_nothing_is_stranded.py::test_"
_CATCH_UP: Final = "tests/queue/test_catch_up.py::test_"
_STOP: Final = "tests/queue/test_stop_edit_delete.py::test_"
_RACES: Final = "tests/queue/test_races.py::test_"
_PLANS: Final = "tests/queue/test_plans.py::test_"


def _bug(name: str, function: str, old: str, new: str, test: str) -> Bug:
    return Bug(name, f"{_FUNCTIONS}{function}.sql", old, new, test)


FENCES: Final = (
    _bug(
        "a lease that is over may complete",
        "complete_batch",
        "if v_jobs is null or v_lease.lease_until <= v_now then",
        "if v_jobs is null then",
        _OWNERS + "a_lease_that_is_over_is_fenced_even_before_anybody_took_its_jobs",
    ),
    _bug(
        "the fence is read before the wait for locks",
        "complete_batch",
        "  perform candlewatch.lock_states(p_token, v_jobs, p_results);\n"
        "  v_now := candlewatch.lease_clock();\n",
        "  v_now := candlewatch.lease_clock();\n"
        "  perform candlewatch.lock_states(p_token, v_jobs, p_results);\n",
        _OWNERS + "a_lease_that_ends_while_the_completion_waits_for_a_stop_is_fenced",
    ),
    _bug(
        "a completion does not lock its lease",
        "complete_batch",
        "where l.token = p_token for update;",
        "where l.token = p_token;",
        _OWNERS + "the_jobs_of_a_completion_in_progress_go_to_nobody_else",
    ),
    _bug(
        "a lease is measured by the start of the statement",
        "take_jobs",
        "v_now := candlewatch.lease_clock();",
        "v_now := candlewatch.now();",
        _OWNERS + "a_lease_is_measured_by_the_clock_of_its_moment_and_not_by_the_statement",
    ),
    _bug(
        "a lease that is over is revived",
        "extend_lease",
        "where l.token = p_token and l.lease_until > candlewatch.lease_clock()",
        "where l.token = p_token",
        _OWNERS + "a_lease_that_is_over_is_fenced_even_before_anybody_took_its_jobs",
    ),
    _bug(
        "the sweep waits for a completion in progress",
        "return_lapsed",
        "for update skip locked;",
        "for update;",
        _OWNERS + "the_jobs_of_a_completion_in_progress_go_to_nobody_else",
    ),
    _bug(
        "a repeated completion is fenced",
        "told_before",
        "where t.outcome = 'completed'\n        and case",
        "where t.outcome = 'released'\n        and case",
        _OWNERS + "a_completion_that_is_repeated_at_the_same_time_is_told_the_same",
    ),
    _bug(
        "a part that was completed covers for a rest that was lost",
        "told_before",
        "            not exists (select from candlewatch.leases as l where l.token = p_token)\n"
        "            and not exists (select from told as o where o.outcome <> 'completed')",
        "            true",
        _OWNERS + "after_a_part_was_completed_and_the_rest_lost_the_worker_is_fenced",
    ),
    _bug(
        "the same token claims more each time",
        "claim_batch",
        "if not exists (select from candlewatch.leases as l where l.token = p_token)\n"
        "    and not exists (select from candlewatch.lease_log as l where l.token = p_token)",
        "if true",
        _OWNERS + "claims_with_one_token_at_the_same_time_get_one_batch",
    ),
    _bug(
        "claims with one token do not wait for each other",
        "claim_batch",
        "  perform pg_advisory_xact_lock(hashtextextended(p_token::text, 0));\n",
        "",
        _OWNERS + "claims_with_one_token_at_the_same_time_get_one_batch",
    ),
    _bug(
        "a release counts as an attempt",
        "return_jobs",
        "j.attempt - (p_outcome = 'released')::integer",
        "j.attempt",
        _OWNERS + "a_released_batch_does_not_count_as_an_attempt",
    ),
    Bug(
        "an older candle is judged after a newer one",
        _VERDICT,
        "when p_is_late then 'expired'",
        "when false then 'expired'",
        _OWNERS + "an_older_candle_that_is_completed_after_a_newer_one_expires",
    ),
)

LIFECYCLE: Final = (
    Bug(
        "a stop is not looked at again",
        _VERDICT,
        "when p_state is null or p_state in ('stopped', 'error') or p_is_foreign then 'skipped'",
        "when p_state is null or p_is_foreign then 'skipped'",
        _STOP + "a_trader_stopped_during_its_evaluation_gives_no_signal",
    ),
    _bug(
        "a completion does not lock the traders' states",
        "lock_states",
        "  order by s.trader_id\n  for no key update;",
        "  order by s.trader_id;",
        _STOP + "a_stop_waits_for_the_completion_that_was_first",
    ),
    _bug(
        "a completion locks states before traders",
        "lock_states",
        "  order by t.id\n  for key share;",
        "  order by t.id;",
        _STOP + "a_deletion_and_a_completion_that_meet_halfway_do_not_deadlock",
    ),
    _bug(
        "a deletion takes states as they come",
        "drop_traders",
        "  order by s.trader_id\n  for update;",
        "  order by s.trader_id;",
        _STOP + "deleting_traders_in_one_statement_and_completing_their_work_wait_for_each_other",
    ),
    Bug(
        "a deletion frees places after the states went",
        "sql/25_triggers/traders.sql",
        '"Places_are_freed_before_the_cascades"',
        "places_are_freed",
        _STOP + "deleting_traders_in_one_statement_and_completing_their_work_wait_for_each_other",
    ),
    Bug(
        "a deletion locks an account before the next trader",
        "sql/25_triggers/traders.sql",
        "  for each row execute function candlewatch.drop_traders();\n",
        "  for each row execute function candlewatch.drop_traders();\n"
        "create function candlewatch.lock_account() returns trigger language plpgsql as $$ begin\n"
        "  perform from public.accounts as a where a.id = old.account_id for no key update;\n"
        "  return old;\n"
        "end $$;\n"
        "create trigger account_is_locked_first before delete on public.traders\n"
        "  for each row execute function candlewatch.lock_account();\n",
        _STOP + "deleting_traders_in_one_statement_and_starting_one_of_them_wait_for_each_other",
    ),
    Bug(
        "an edit is not looked at again",
        _VERDICT,
        "when p_is_edited or p_state <> 'running' then\n        case",
        "when p_state <> 'running' then\n        case",
        _STOP + "an_edit_during_the_evaluation_has_the_slot_evaluated_with_the_new_filter",
    ),
    Bug(
        "a filter is evaluated on a candle of another timeframe",
        _VERDICT,
        "or p_is_foreign then 'skipped'",
        "then 'skipped'",
        _STOP + "an_edit_of_the_timeframe_skips_the_slot_of_the_old_one",
    ),
    _bug(
        "candles of two timeframes are put into one order",
        "adopt_filters",
        " and f.timeframe <> t.timeframe",
        " and false",
        _STOP
        + "the_first_candle_of_a_new_timeframe_is_evaluated_though_it_opened_before_the_last_one",
    ),
    _bug(
        "slots of a deleted account are forgotten",
        "skip_waiting",
        "    where r.account_id = old.account_id\n    union all",
        "    where false\n    union all",
        _STOP + "an_account_deleted_during_an_evaluation_leaves_nothing_and_loses_no_count",
    ),
    _bug(
        "the global count is not given back",
        "end_jobs",
        "set leased_count = q.leased_count - cardinality(p_jobs)",
        "set leased_count = q.leased_count",
        _STOP + "an_account_deleted_during_an_evaluation_leaves_nothing_and_loses_no_count",
    ),
)

CAPS: Final = (
    _bug(
        "a claim takes a turn whatever the room",
        "take_jobs",
        "least(s.concurrency_limit - s.leased_count, ",
        "greatest(0, ",
        _RACES + "pollers_at_once_never_exceed_a_tenants_cap[1-12]",
    ),
    _bug(
        "the global room is not looked at",
        "take_jobs",
        "least(p_limit, v_room)",
        "p_limit",
        _RACES + "pollers_at_once_never_exceed_the_global_cap",
    ),
    _bug(
        "the global room is read without a lock",
        "take_jobs",
        "  for no key update of q;\n",
        "  ;\n",
        _RACES + "pollers_at_once_never_exceed_the_global_cap",
    ),
    _bug(
        "a claim waits for a tenant that another one holds",
        "walk_tenants",
        "for no key update of t skip locked",
        "for no key update of t",
        _STRANDED + "a_tenant_that_somebody_holds_is_passed_over_and_not_waited_for",
    ),
)

ORDER: Final = (
    _bug(
        "a tenant that was at its cap falls behind the walk",
        "seat_tenants",
        "then greatest(n.first_tag, v_floor)",
        "then n.first_tag",
        _STRANDED + "a_tenant_at_its_cap_is_served_first_when_it_has_room_again",
    ),
    _bug(
        "the tick lifts no head",
        "lift_heads",
        "head_tag = q.floor_tag",
        "head_tag = s.head_tag",
        _STRANDED + "jobs_of_a_publisher_that_commits_late_are_served_next_after_a_tick",
    ),
    _bug(
        "the walk never looks below its floor",
        "claim_width",
        "    o_from_tag := '-infinity';\n",
        "",
        _STRANDED
        + "jobs_of_a_late_publisher_are_served_without_any_tick_once_nothing_else_is_ready",
    ),
    _bug(
        "tags ignore the weight",
        "add_jobs",
        ") / t.weight,",
        ") / 1,",
        _STRANDED + "a_share_follows_the_weight",
    ),
    _bug(
        "an idle tenant saves up its share",
        "add_jobs",
        "greatest(q.serving_tag, t.last_tag)",
        "t.last_tag",
        _STRANDED + "a_tenant_that_was_idle_gets_no_more_than_its_share_afterwards",
    ),
    _bug(
        "a claim takes what a newer candle overtook",
        "lease_jobs",
        "        and r.dispatch_id <> all (v_expiring)\n",
        "",
        _STRANDED + "no_claim_takes_what_a_newer_candle_overtook",
    ),
    _bug(
        "attempts end never",
        "return_jobs",
        "j.attempt >= c.attempts_limit then 'failed'",
        "false then 'failed'",
        _STRANDED + "a_crash_loop_ends_as_failed_with_the_reason_and_takes_nobody_with_it",
    ),
    _bug(
        "a job that takes workers down is never split",
        "ready_slots",
        "case when v.lapses >= c.lone_lapses_from then v.trader_id end as single",
        "null::uuid as single",
        _STRANDED + "a_crash_loop_ends_as_failed_with_the_reason_and_takes_nobody_with_it",
    ),
    _bug(
        "failures in a row stop nobody",
        "stop_failing",
        "m.failure_count >= c.failures_to_stop",
        "m.failure_count > c.failures_to_stop",
        _STRANDED + "five_failed_candles_in_a_row_stop_a_trader_with_the_reason",
    ),
    _bug(
        "what a stopped trader's lost slot leaves behind is remembered",
        "remember_slots",
        " and s.state = 'running'",
        "",
        _STRANDED + "a_slot_that_fails_after_its_trader_was_stopped_is_no_failure_of_the_trader",
    ),
    _bug(
        "a stopped trader's lost slot moves it to error",
        "stop_failing",
        " and s.state = 'running'",
        "",
        _STRANDED + "a_slot_that_fails_after_its_trader_was_stopped_is_no_failure_of_the_trader",
    ),
    _bug(
        "two enqueuers take turns instead of passing on",
        "enqueue_slots",
        "  for update skip locked;",
        "  for update;",
        _STRANDED + "two_enqueuers_make_no_slot_twice",
    ),
    _bug(
        "candles of an outage are not counted",
        "count_missed",
        "where p_last is not null",
        "where false",
        _STRANDED + "candles_of_an_outage_are_counted_as_expired",
    ),
    _bug(
        "those who catch up do not wait for the candle before",
        "open_catch_ups",
        "      and not candlewatch.is_unfinished(d.timeframe, d.closes_at)\n",
        "",
        _CATCH_UP + "a_slot_on_its_way_is_waited_for",
    ),
    _bug(
        "what a newer candle overtook is lost for those who catch up",
        "move_to_catch_up",
        "if v_from.id is null or v_traders is null then",
        "if true then",
        _CATCH_UP + "slots_that_a_newer_candle_overtook_are_kept_for_those_who_catch_up",
    ),
    _bug(
        "those who catch up see the newest candle twice",
        "next_slots",
        "      and (not d.is_split or (t.catch_up_candles > 0) = d.is_catch_up)\n",
        "",
        _CATCH_UP + "others_get_the_newest_candle_at_once_and_the_missed_ones_expire",
    ),
    _bug(
        "an expiry ends a slot that a claim has taken",
        "remove_waiting",
        "    where s.job_id = any (v_retried)\n"
        "      or s.job_id in (select r.id from unnest(v_ready) as r)",
        "    where true",
        _STRANDED + "an_expiry_and_a_claim_at_once_take_a_job_once",
    ),
    Bug(
        "the walk over tenants has no index",
        "sql/10_tables/215_tenants.sql",
        "create index seats_by_head_tag on candlewatch.seats (head_tag) "
        "where head_tag is not null;\n",
        "",
        _PLANS + "claims_completions_and_returns_read_no_large_table_from_end_to_end",
    ),
    _bug(
        "a return reads all tenants",
        "ready_slots",
        "where t.account_id = v.account_id limit 1",
        "where t.account_id = v.account_id",
        _PLANS + "claims_completions_and_returns_read_no_large_table_from_end_to_end",
    ),
)

BUGS: Final = FENCES + LIFECYCLE + CAPS + ORDER
