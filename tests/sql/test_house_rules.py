"""The schema keeps the house rules, and each rule finds the offender that it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from tests.fixtures.project import SOURCE
from tests.sql.rules import ACCESS_RULES, SHAPE_RULES, Rule

if TYPE_CHECKING:
    from tests.fixtures.database import Database

RULES = pytest.mark.parametrize(
    "rule", SHAPE_RULES + ACCESS_RULES, ids=lambda rule: str(rule.name).replace(" ", "_")
)


@RULES
def test_the_schema_has_no_offender(schema: Database, rule: Rule) -> None:
    assert [row[0] for row in schema.rows(rule.offenders)] == []


@RULES
def test_the_rule_finds_a_planted_offender(schema: Database, rule: Rule) -> None:
    with schema.sql.transaction(force_rollback=True):
        schema.run(rule.plant)
        assert schema.rows(rule.offenders)


def test_every_function_compiles_over_the_finished_schema(schema: Database) -> None:
    definitions = schema.rows(
        "select p.oid::regprocedure::text, pg_get_functiondef(p.oid) from pg_proc as p "
        "join pg_namespace as n on n.oid = p.pronamespace "
        "where n.nspname in ('public', 'candlewatch', 'worker', 'monitor') "
        "and p.prosqlbody is null "
        "and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')"
    )
    assert len(definitions) > 50
    for _, definition in definitions:
        with schema.sql.transaction(force_rollback=True):
            schema.run("set local check_function_bodies = on")
            schema.sql.execute(sql.SQL(definition))


def test_every_code_that_is_raised_is_in_the_table_of_codes(schema: Database) -> None:
    known = {row[0] for row in schema.rows("select c.code from candlewatch.error_codes as c")}
    raised = {
        code
        for file in SOURCE.rglob("*.sql")
        if file.name != "010_error_codes.sql"
        for code in re.findall(r"'(CW\d{3})'", file.read_text())
    }
    assert raised == known


def test_users_tables_are_reachable_by_an_index_on_their_owner(schema: Database) -> None:
    missing = schema.rows(
        "select p.polrelid::regclass::text from pg_policy as p join pg_attribute as a "
        "on a.attrelid = p.polrelid and a.attname in ('account_id') "
        "where not exists (select from pg_index as i where i.indrelid = p.polrelid "
        "and (i.indkey::int2[])[0] = a.attnum)"
    )
    assert missing == []


# What runs as its owner and may be called in a request, beside triggers, with the reason.
DEFINERS = {
    "check_request": "reads users and buckets before a request is served",
    "read_health": "reads the engine room and tells one word of it",
    "read_trader": "reads filters, which are shared by all and readable by none",
    "recall_answer": "reads idempotency keys, of the caller alone",
    "refuse": "reads the table of codes",
    "remember_answer": "writes an idempotency key of the caller",
    "run_own_trader": "writes the queue, for a trader of the caller",
    "switch_trader": "locks and starts or stops a trader of the caller",
    "take_call": "takes from the caller's bucket",
    "timeframe_problem": "reads the list of timeframes",
}


def test_what_users_reach_that_runs_as_its_owner_is_listed(schema: Database) -> None:
    reached = schema.rows(
        "select p.proname, p.pronamespace::regnamespace::text from pg_proc as p "
        "where p.prosecdef and p.prorettype <> 'trigger'::regtype "
        "and p.pronamespace::regnamespace::text in ('public', 'candlewatch', 'worker', 'monitor') "
        "and (has_function_privilege('anon', p.oid, 'execute') "
        "or has_function_privilege('authenticated', p.oid, 'execute'))"
    )

    assert sorted(reached) == [(name, "candlewatch") for name in sorted(DEFINERS)]
