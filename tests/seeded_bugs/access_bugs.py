"""Bugs of access: walls, tokens, quotas, limits, deletion, cursors."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug

_FUNCTIONS: Final = "sql/20_functions/"
_RULE: Final = "tests/sql/test_house_rules.py::test_the_schema_has_no_offender"
_LIMITS: Final = "tests/sql/test_request_limits.py::test_"
_FLOOD: Final = _LIMITS + "a_flood_on_every_path_never_gets_more_through_than_the_limit"


def _bug(name: str, function: str, old: str, new: str, test: str) -> Bug:
    return Bug(name, f"{_FUNCTIONS}{function}.sql", old, new, test)


WALLS: Final = (
    Bug(
        "users may write their tier",
        "sql/80_grants.sql",
        "grant delete on public.traders to authenticated, service_role;",
        "grant delete on public.traders to authenticated, service_role;\n"
        "grant update (tier) on public.accounts to authenticated;",
        "tests/sql/test_column_walls.py::test_every_writable_column_is_writable",
    ),
    Bug(
        "a policy does not check what is written",
        "sql/10_tables/060_traders.sql",
        "  for insert to authenticated\n  with check (account_id = (select auth.uid()));",
        "  for insert to authenticated\n  with check (true);",
        _RULE + "[every_policy_names_its_roles_and_checks_what_is_written]",
    ),
    Bug(
        "a policy shows the states of everybody",
        "sql/10_tables/080_trader_states.sql",
        "using (account_id = (select auth.uid()))",
        "using (true)",
        "tests/sql/test_access_matrix.py::test_a_cell_is_as_stated[trader_states-GET-other]",
    ),
    Bug(
        "a view reads with the rights of its owner",
        "sql/30_views/010_candles.sql",
        "with (security_invoker = on)",
        "with (security_invoker = off)",
        _RULE + "[every_view_reads_with_the_rights_of_its_reader]",
    ),
    Bug(
        "everybody may listen to every channel",
        "sql/25_triggers/realtime.sql",
        "using ((select realtime.topic()) = 'account:' || (select auth.uid()))",
        "using (true)",
        "tests/sql/test_realtime.py::test_a_user_may_listen_to_the_own_channel_alone",
    ),
    Bug(
        "the audit log may be edited",
        "sql/25_triggers/audit_log.sql",
        "before update or delete or truncate on",
        "before truncate on",
        "tests/sql/test_dashboard.py::test_what_functions_write_is_not_edited",
    ),
    _bug(
        "users start traders of others",
        "switch_trader",
        "where t.id = p_trader and candlewatch.owns(t.account_id)",
        "where t.id = p_trader",
        "tests/sql/test_api.py::test_not_yours_and_not_there_look_the_same[start_trader]",
    ),
    _bug(
        "a token without an end opens",
        "check_request",
        "if v_claims ->> 'exp' is null or v_user is null",
        "if v_user is null",
        "tests/sql/test_tokens.py::test_a_bad_token_opens_nothing[never_ends]",
    ),
    _bug(
        "a user who was banned comes in",
        "check_request",
        "coalesce(u.banned_until <= candlewatch.now(), true) and u.deleted_at is null",
        "u.deleted_at is null",
        "tests/sql/test_tokens.py::test_a_token_of_a_user_who_may_no_longer_come_in_opens_nothing",
    ),
)

LIMITS: Final = (
    _bug(
        "a body may have any size",
        "check_request",
        "::integer > 65536",
        "::integer > 99999",
        _LIMITS + "a_body_over_64_kilobytes_is_413",
    ),
    _bug(
        "changes of rows are not limited",
        "check_request",
        "not like '/rpc/%'",
        "like '/none/%'",
        _FLOOD,
    ),
    _bug(
        "the bucket is read without its lock",
        "take_call",
        "where b.account_id = v_user for update;",
        "where b.account_id = v_user;",
        "tests/sql/test_quota_races.py::test_a_call_counts_what_another_one_took_between_its_steps",
    ),
    _bug(
        "a refused call is not counted",
        "take_call",
        "refused_count = b.refused_count + case when v_left >= 1 then 0 else 1 end",
        "refused_count = b.refused_count",
        _LIMITS + "calls_over_the_rate_limit_are_429_and_counted",
    ),
    _bug(
        "a key that was used creates again",
        "recall_answer",
        "  if found then\n    return null;\n  end if;\n  select",
        "  if true then\n    return null;\n  end if;\n  select",
        _LIMITS + "the_same_key_creates_once_and_answers_the_same",
    ),
    _bug(
        "traders are counted without a lock, as a trigger would",
        "count_traders",
        "  order by a.id\n  for no key update;\n"
        "  perform set_config('candlewatch.engine', 'on', true);\n"
        "  with counted as (\n    update public.accounts as a\n"
        "    set trader_count = a.trader_count + n.traders\n",
        "  order by a.id;\n"
        "  perform set_config('candlewatch.engine', 'on', true);\n"
        "  with counted as (\n    update public.accounts as a\n"
        "    set trader_count = n.traders + (\n"
        "      select count(*) from public.trader_states as s where s.account_id = a.id\n"
        "    )\n",
        "tests/sql/test_quota_races.py"
        "::test_concurrent_creations_stop_at_the_limit_of_traders[insert]",
    ),
    _bug(
        "a downgrade stops the oldest",
        "review_quota",
        "order by t.created_at desc, t.id desc",
        "order by t.created_at, t.id",
        "tests/sql/test_quota_changes.py::test_a_lower_limit_stops_the_newest_within_a_tick",
    ),
)

FLOW: Final = (
    _bug(
        "a reader is shown what is newer than an open transaction",
        "signals_since",
        "      and s.transaction_id < pg_snapshot_xmin(pg_current_snapshot())\n",
        "",
        "tests/sql/test_signals_since.py"
        "::test_a_signal_that_commits_late_is_waited_for_and_not_skipped",
    ),
    _bug(
        "the deletion of a user takes traders as they come",
        "lock_user",
        "where t.account_id = old.id order by t.id for update;",
        "where false;",
        "tests/queue/test_stop_edit_delete.py"
        "::test_deleting_a_user_and_completing_its_work_wait_for_each_other",
    ),
    _bug(
        "retention removes the filter that a start is about to bind",
        "hold_filters",
        "    for key share;\n",
        "    ;\n",
        "tests/sql/test_filters_kept.py::test_retention_leaves_alone_what_a_start_is_about_to_bind",
    ),
    _bug(
        "a filter that retention removed meanwhile is not made again",
        "hold_filters",
        "while v_held < cardinality(v_hashes) loop",
        "while v_held < 0 loop",
        "tests/sql/test_filters_kept.py"
        "::test_a_filter_that_is_removed_after_a_start_found_it_is_made_again",
    ),
    Bug(
        "a check ends as soon as nothing waits",
        "shared/candlewatch/runs/check.py",
        "            if deadline.clock() >= ends_at:\n",
        "            if ends_at:\n",
        "tests/runs/test_check.py"
        "::test_filters_that_come_while_the_check_looks_on_are_checked_by_the_same_run",
    ),
    Bug(
        "the stream of signals stays at its first cursor",
        "shared/candlewatch/local/stream.py",
        '        cursor = news["cursor"]\n',
        "",
        "tests/api/test_stream.py::test_a_reader_is_told_of_signals_that_come_later",
    ),
)

BUGS: Final = WALLS + LIMITS + FLOW
