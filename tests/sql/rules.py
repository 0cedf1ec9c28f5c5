"""House rules over the catalog: each a query for offenders, and a statement that makes one.

A rule whose offender is not found defends nothing, so each is tested both ways: the schema has no
offender, and with the planted one the query finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: what holds, as a sentence.
        offenders: a query with one text column, one row per offender.
        plant: a statement that makes an offender.
    """

    name: str
    offenders: str
    plant: str


_OURS: Final = "('public', 'candlewatch', 'worker', 'monitor')"

_TABLES: Final = f"""
  pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in {_OURS} and c.relkind in ('r', 'p')
"""

_FUNCTIONS: Final = f"""
  pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname in {_OURS}
    and not exists (
      select from pg_depend as d where d.objid = p.oid and d.deptype = 'e'
    )
"""

_OUR_POLICY: Final = (
    "p.polrelid in (select c.oid from pg_class as c join pg_namespace as n "
    f"on n.oid = c.relnamespace where n.nspname in {_OURS})"
)
# A list that nobody deletes from, so that nothing ever looks for its referrers.
_FIXED_LIST: Final = "'candlewatch.timeframes'::regclass"

SHAPE_RULES: Final = (
    Rule(
        "every table has a primary key",
        f"select c.oid::regclass::text from {_TABLES} and not exists "
        "(select from pg_constraint as k where k.conrelid = c.oid and k.contype = 'p')",
        "create table candlewatch.offender (a int)",
    ),
    Rule(
        "every table and view has a comment",
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n "
        f"on n.oid = c.relnamespace where n.nspname in {_OURS} and c.relkind in ('r', 'p', 'v') "
        "and not c.relispartition and obj_description(c.oid, 'pg_class') is null",
        "create view candlewatch.offender with (security_invoker = true) as select 1 as a",
    ),
    Rule(
        "every function has a comment",
        f"select p.oid::regprocedure::text from {_FUNCTIONS} "
        "and obj_description(p.oid, 'pg_proc') is null",
        "create function candlewatch.offender() returns int language sql return 1",
    ),
    Rule(
        "every column that people edit has a comment",
        "select a.attrelid::regclass || '.' || a.attname from pg_attribute as a "
        "where a.attrelid in ('public.tiers'::regclass, 'public.accounts'::regclass, "
        "'public.traders'::regclass, 'public.templates'::regclass, "
        "'candlewatch.settings'::regclass) "
        "and a.attnum > 0 and not a.attisdropped and col_description(a.attrelid, a.attnum) is null",
        "alter table public.traders add column offender int",
    ),
    Rule(
        "every column that people edit has a default, but what only they can know",
        "select a.attrelid::regclass || '.' || a.attname from pg_attribute as a "
        "where a.attrelid in ('public.tiers'::regclass, 'public.accounts'::regclass, "
        "'public.traders'::regclass, 'public.templates'::regclass, "
        "'candlewatch.settings'::regclass) "
        "and a.attnum > 0 and not a.attisdropped and not a.atthasdef "
        "and a.attname not in ('id', 'slug', 'name', 'filter', "
        "'description', 'external_key')",
        "alter table public.traders add column offender int",
    ),
    Rule(
        "every foreign key has an index that begins with its columns",
        "select k.conrelid::regclass || '.' || k.conname from pg_constraint as k "
        "join pg_namespace as n on n.oid = k.connamespace "
        f"where k.contype = 'f' and n.nspname in {_OURS} and k.confrelid <> {_FIXED_LIST} "
        "and not exists (select from pg_index as i "
        "where i.indrelid = k.conrelid and i.indpred is null "
        "and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)",
        "create table candlewatch.offender (a uuid primary key, b uuid references public.accounts)",
    ),
    Rule(
        "every check is named as a sentence",
        "select k.conrelid::regclass || '.' || k.conname from pg_constraint as k "
        "join pg_namespace as n on n.oid = k.connamespace "
        f"where k.contype = 'c' and n.nspname in {_OURS} "
        "and (k.conname ~ '_check[0-9]*$' or k.conname !~ '_')",
        "create table candlewatch.offender (a int primary key check (a > 0))",
    ),
    Rule(
        "every name is in lower case",
        f"select c.oid::regclass::text from {_TABLES} and c.relname !~ '^[a-z][a-z0-9_]*$' "
        "union all select a.attrelid::regclass || '.' || a.attname from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace "
        f"where n.nspname in {_OURS} and a.attname !~ '^[a-z][a-z0-9_]*$' and a.attnum > 0 "
        "and not a.attisdropped "
        f"union all select p.oid::regprocedure::text from {_FUNCTIONS} "
        "and p.proname !~ '^[a-z][a-z0-9_]*$'",
        'create table candlewatch."Offender" (a int primary key)',
    ),
    Rule(
        "every time has a zone and every number that grows has 64 bits",
        "select a.attrelid::regclass || '.' || a.attname from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace "
        f"where n.nspname in {_OURS} and a.attnum > 0 and c.relkind in ('r', 'p') and ("
        "a.atttypid in ('timestamp'::regtype, 'time'::regtype) or "
        "(a.attidentity <> '' and a.atttypid <> 'bigint'::regtype))",
        "create table candlewatch.offender (a int generated always as identity primary key)",
    ),
)

ACCESS_RULES: Final = (
    Rule(
        "every table has row level security",
        f"select c.oid::regclass::text from {_TABLES} and not c.relrowsecurity",
        "create table monitor.offender (a int primary key)",
    ),
    Rule(
        "every function has a pinned search path or a body bound at creation",
        # A procedure that commits may carry no setting, so Postgres forbids it there.
        f"select p.oid::regprocedure::text from {_FUNCTIONS} and p.prosqlbody is null "
        "and p.prokind <> 'p' and not "
        """(coalesce(p.proconfig, '{}') @> '{"search_path=\\"\\""}')""",
        "create function worker.offender() returns int language sql as 'select 1'",
    ),
    Rule(
        "no function that users can call directly runs as its owner",
        f"select p.oid::regprocedure::text from {_FUNCTIONS} and n.nspname = 'public' "
        "and p.prosecdef",
        "create function public.offender() returns int language sql security definer "
        "set search_path = '' as 'select 1'",
    ),
    Rule(
        "every view reads with the rights of its reader",
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n "
        f"on n.oid = c.relnamespace where n.nspname in {_OURS} and c.relkind = 'v' and not "
        "coalesce(c.reloptions, '{}') && "
        "'{security_invoker=true,security_invoker=on,security_invoker=1}'",
        "create view monitor.offender as select 1 as a",
    ),
    Rule(
        "nothing that ignores row level security is exposed",
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n "
        "on n.oid = c.relnamespace where n.nspname in ('public', 'worker') "
        "and c.relkind in ('m', 'f')",
        "create materialized view public.offender as select 1 as a",
    ),
    Rule(
        "nobody gets anything by being somebody",
        "select x.object from ("
        f"select c.oid::regclass::text as object, c.relacl as acl from {_TABLES} "
        "union all select p.oid::regprocedure::text, "
        f"coalesce(p.proacl, acldefault('f', p.proowner)) from {_FUNCTIONS} "
        f"union all select n.nspname, n.nspacl from pg_namespace as n where n.nspname in {_OURS} "
        "and n.nspname <> 'public') as x "
        "cross join lateral aclexplode(x.acl) as g where g.grantee = 0",
        "grant usage on schema candlewatch to public",
    ),
    Rule(
        "nobody but the owner may truncate, reference or put a trigger on a table",
        f"select c.oid::regclass || ' ' || g.privilege_type from "
        "pg_class as c cross join lateral aclexplode(c.relacl) as g, pg_namespace as n "
        f"where n.oid = c.relnamespace and n.nspname in {_OURS} and c.relkind in ('r', 'p', 'v') "
        "and g.grantee <> c.relowner "
        "and g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')",
        "grant truncate on public.traders to service_role",
    ),
    Rule(
        "users change tables column by column",
        "select c.oid::regclass || ' ' || g.privilege_type from pg_class as c "
        "cross join lateral aclexplode(c.relacl) as g, pg_namespace as n "
        f"where n.oid = c.relnamespace and n.nspname in {_OURS} "
        "and g.grantee in ('anon'::regrole, 'authenticated'::regrole) "
        "and g.privilege_type in ('INSERT', 'UPDATE')",
        "grant update on public.accounts to authenticated",
    ),
    Rule(
        "every policy names its roles and checks what is written",
        "select p.polrelid::regclass || '.' || p.polname from pg_policy as p "
        f"where {_OUR_POLICY} and (p.polroles = '{{0}}' "
        "or (p.polcmd in ('a', 'w', '*') and p.polwithcheck is null) "
        "or (p.polcmd <> 'r' and "
        "coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') = 'true'))",
        "create policy offender on public.traders for update to authenticated "
        "using (account_id = (select auth.uid()))",
    ),
    Rule(
        "every policy asks who the user is once, not once a row",
        "select p.polrelid::regclass || '.' || p.polname from pg_policy as p cross join lateral "
        "(select coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || "
        "coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as text) as e "
        f"where {_OUR_POLICY} "
        "and regexp_replace(e.text, 'SELECT auth\\.uid\\(\\)', '', 'g') ~ 'auth\\.'",
        "create policy offender on public.traders for select to authenticated "
        "using (account_id = auth.uid())",
    ),
)
