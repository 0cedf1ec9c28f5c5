"""plpgsql_check finds nothing in any function body."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fixtures.database import Database

_FINDINGS = """
    with bodies as materialized (
      select f.oid, coalesce(t.tgrelid, 0) as relation, t.tgoldtable, t.tgnewtable
      from pg_proc as f
      join pg_language as l on l.oid = f.prolang
      left join lateral (
        select t.tgrelid, t.tgoldtable, t.tgnewtable
        from pg_trigger as t
        where t.tgfoid = f.oid and not t.tgisinternal
        limit 1
      ) as t on true
      where f.pronamespace::regnamespace::text in ('public', 'worker', 'candlewatch', 'monitor')
        and l.lanname = 'plpgsql'
        and (f.prorettype <> 'trigger'::regtype or t.tgrelid is not null)
    )
    select b.oid::regprocedure::text, c.lineno, c.level, c.message, c.context
    from bodies as b
    cross join lateral extensions.plpgsql_check_function_tb(
      funcoid => b.oid::regprocedure,
      relid => b.relation::regclass,
      oldtable => b.tgoldtable,
      newtable => b.tgnewtable,
      fatal_errors => false,
      extra_warnings => true,
      performance_warnings => false
    ) as c
    order by 1, 2
"""


def test_every_plpgsql_body_is_clean(cron_database: Database) -> None:
    checked = cron_database.one(
        "select count(*) from pg_proc as f join pg_language as l on l.oid = f.prolang "
        "where l.lanname = 'plpgsql' and f.pronamespace::regnamespace::text = 'candlewatch'"
    )

    assert checked > 50
    superuser = cron_database.connect("supabase_admin")
    findings = superuser.execute(_FINDINGS.encode()).fetchall()
    assert not findings, "\n".join(str(finding) for finding in findings)
