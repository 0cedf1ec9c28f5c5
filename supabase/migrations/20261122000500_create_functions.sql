-- Functions call one another freely, whatever their order here.
set local check_function_bodies = off;

-- sql/20_functions/add_dispatch.sql
-- Dispatches a stored frame, if running traders use its timeframe: counts candles that were missed
-- before it as expired or has them caught up with, supersedes the older dispatches of the timeframe
-- and puts the new one on the enqueuer's list. An older candle than the newest dispatched one is not
-- dispatched any more. Returns the id or null.
create or replace function candlewatch.add_dispatch(
  p_timeframe text,
  p_candle_at timestamptz,
  p_closes_at timestamptz
)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
  v_newest timestamptz;
begin
  select max(d.candle_at) into v_newest
  from candlewatch.dispatches as d
  where d.timeframe = p_timeframe and d.kind <> 'manual';
  if v_newest >= p_candle_at or not exists (
    select from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    where s.state = 'running' and f.timeframe = p_timeframe
  ) then
    return null;
  end if;
  perform candlewatch.count_missed(p_timeframe, v_newest, p_candle_at);
  perform candlewatch.plan_catch_up(p_timeframe, v_newest, p_candle_at);

  insert into candlewatch.dispatches (timeframe, candle_at, closes_at, revision, created_at)
  select p_timeframe, p_candle_at, p_closes_at, f.revision, candlewatch.now()
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time = p_candle_at
  on conflict do nothing
  returning id into v_id;

  with superseded as (
    update candlewatch.dispatches as d
    set superseded_at = candlewatch.now()
    where d.timeframe = p_timeframe and d.kind = 'scheduled' and d.superseded_at is null
      and d.candle_at < p_candle_at and v_id is not null
    returning d.id
  )
  insert into candlewatch.expiries (dispatch_id)
  select s.id from superseded as s
  on conflict do nothing;
  insert into candlewatch.enqueues (dispatch_id) select v_id where v_id is not null;
  return v_id;
end
$$;
comment on function candlewatch.add_dispatch(text, timestamptz, timestamptz) is
  'Dispatches a stored frame and supersedes older dispatches of its timeframe.';

-- sql/20_functions/add_jobs.sql
-- Makes ready jobs of slots: up to settings.slots_per_job of one tenant and one dispatch each,
-- tagged under the tenants' locks, so that a tenant's tags only grow.
create or replace function candlewatch.add_jobs(p_slots candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  perform candlewatch.lock_tenants(array(select distinct s.account_id from unnest(p_slots) as s));
  with placed as (
    select s.*,
      (row_number() over (partition by s.account_id, s.dispatch_id order by s.trader_id) - 1)
        / c.slots_per_job as job
    from unnest(p_slots) as s
    cross join candlewatch.settings as c
  ),
  job as (
    select p.account_id, p.dispatch_id, p.job, sum(p.cost) as cost,
      array_agg(p.trader_id order by p.trader_id) as trader_ids
    from placed as p
    group by p.account_id, p.dispatch_id, p.job
  ),
  added as (
    insert into candlewatch.ready (account_id, tag, id, dispatch_id, attempt, cost, trader_ids)
    select j.account_id,
      greatest(q.serving_tag, t.last_tag) + sum(j.cost) over (
        partition by j.account_id order by j.dispatch_id, j.job
      ) / t.weight,
      nextval('candlewatch.job_ids'), j.dispatch_id, 0, j.cost, j.trader_ids
    from job as j
    join candlewatch.seats as t on t.account_id = j.account_id
    cross join candlewatch.queue_state as q
    returning account_id, tag
  )
  select array_agg(row(d.account_id, d.jobs, 0, d.lowest, d.highest)::candlewatch.tenant_change)
  into v_changes
  from (
    select a.account_id, count(*)::integer as jobs, min(a.tag) as lowest, max(a.tag) as highest
    from added as a
    group by a.account_id
  ) as d;
  perform candlewatch.seat_tenants(v_changes);
end
$$;
comment on function candlewatch.add_jobs(candlewatch.verdict[]) is
  'Makes ready jobs of slots, tagged by start-time fair queueing.';

-- sql/20_functions/add_partition.sql
-- Makes the partition of p_table that holds p_moment, of a day or of a month, unless it is there.
-- Writers wait from the first moment on: one that had chosen the default partition for its row when
-- this one appeared would be refused. Readers go on. Rows that came before their partition move into
-- it.
create or replace function candlewatch.add_partition(
  p_table regclass,
  p_moment timestamptz,
  p_unit text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_from timestamptz := date_trunc(p_unit, p_moment, 'UTC');
  v_until timestamptz :=
    (v_from at time zone 'UTC' + ('1 ' || p_unit)::interval) at time zone 'UTC';
  v_schema text;
  v_table text;
  v_name text;
  v_key text := substring(pg_get_partkeydef(p_table) from '\((\w+)\)');
begin
  select n.nspname, c.relname into strict v_schema, v_table
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.oid = p_table;
  v_name := format('%s_%s', v_table, to_char(v_from at time zone 'UTC',
    case p_unit when 'month' then 'YYYY_MM' else 'YYYY_MM_DD' end));
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
    return;
  end if;
  execute format('lock table %I.%I in share row exclusive mode', v_schema, v_table);
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
    return;
  end if;
  execute format(
    'create table %I.%I (like %I.%I including defaults including constraints including storage)',
    v_schema, v_name, v_schema, v_table);
  execute format('alter table %I.%I enable row level security', v_schema, v_name);
  execute format('comment on table %I.%I is %L', v_schema, v_name,
    format('%s from %s until %s.', v_table, v_from at time zone 'UTC', v_until at time zone 'UTC'));
  execute format(
    'with moved as (delete from %1$I.%2$I where %3$I >= %4$L and %3$I < %5$L returning *) '
    'insert into %1$I.%6$I table moved',
    v_schema, v_table || '_rest', v_key, v_from, v_until, v_name);
  execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
    v_schema, v_table, v_schema, v_name, v_from, v_until);
end
$$;
comment on function candlewatch.add_partition(regclass, timestamptz, text) is
  'Makes the partition of a table that holds a moment: unit day or month.';

-- sql/20_functions/add_task.sql
-- Adds a piece of work, once by kind and key. The same key again changes nothing, but for one that
-- failed: that becomes ready anew. Wakes the function that does it. Returns the task's id.
create or replace function candlewatch.add_task(
  p_kind text,
  p_key text,
  p_payload jsonb,
  p_priority integer default 0,
  p_attempts_limit integer default 5
)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
begin
  insert into candlewatch.tasks as t (
    kind, key, payload, priority, attempts_limit, due_at, created_at
  )
  values (p_kind, p_key, p_payload, p_priority, p_attempts_limit, candlewatch.lease_clock(),
    candlewatch.lease_clock())
  on conflict (kind, key) do update
    set state = 'ready', attempt = 0, payload = excluded.payload, due_at = excluded.due_at,
      ended_at = null, result = null, reason = null
    where t.state = 'failed'
  returning t.id into v_id;
  if v_id is not null and p_kind = 'check' then
    perform candlewatch.wake('check');
  elsif v_id is not null then
    perform candlewatch.wake('ingest');
  else
    select t.id into v_id from candlewatch.tasks as t where t.kind = p_kind and t.key = p_key;
  end if;
  return v_id;
end
$$;
comment on function candlewatch.add_task(text, text, jsonb, integer, integer) is
  'Adds a piece of work once by kind and key, and wakes the function that does it.';

-- sql/20_functions/add_traders.sql
-- After traders were inserted, on whatever path: counts them against their accounts' limits, binds
-- them to their filters and starts those that are enabled. Definer: users may not write what it
-- writes.
create or replace function candlewatch.add_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_all uuid[];
  v_enabled uuid[];
begin
  select array_agg(n.id), array_agg(n.id) filter (where n.enabled) into v_all, v_enabled
  from added as n;
  if v_all is null then
    return null;
  end if;
  perform candlewatch.count_traders(v_all);
  perform candlewatch.adopt_filters(v_all);
  perform candlewatch.require_tier(v_enabled);
  perform candlewatch.apply_events(v_enabled, 'start');
  perform candlewatch.settle_traders(v_all);
  return null;
end
$$;

comment on function candlewatch.add_traders() is
  'Trigger: new traders are counted, bound to their filters and started.';

-- sql/20_functions/adopt_filters.sql
-- Binds traders to the filter rows of their present texts, making rows for texts that are new. A
-- trader whose timeframe changed has no last candle: candles of two timeframes have no order.
-- Returns the traders whose binding changed; new traders get their row in trader_states here.
create or replace function candlewatch.adopt_filters(p_traders uuid[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_changed uuid[];
begin
  perform candlewatch.hold_filters(p_traders);

  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for no key update;
  update candlewatch.trader_memory as m
  set last_candle_at = null
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  join candlewatch.filters as f on f.id = s.filter_id
  where t.id = any (p_traders) and m.trader_id = t.id and f.timeframe <> t.timeframe;

  perform set_config('candlewatch.engine', 'on', true);
  with bound as (
    insert into public.trader_states as s (trader_id, account_id, filter_id, changed_at)
    select t.id, t.account_id, f.id, candlewatch.now()
    from public.traders as t
    join candlewatch.filters as f
      on f.content_hash = candlewatch.content_hash(t.timeframe, t.filter)
    where t.id = any (p_traders)
    order by t.id
    on conflict (trader_id) do update
      set filter_id = excluded.filter_id
      where s.filter_id <> excluded.filter_id
    returning s.trader_id
  )
  select coalesce(array_agg(b.trader_id), '{}') into v_changed from bound as b;
  perform set_config('candlewatch.engine', '', true);
  return v_changed;
end
$$;

comment on function candlewatch.adopt_filters(uuid[]) is
  'Binds traders to the filter rows of their present texts; returns those whose binding changed.';

-- sql/20_functions/apply_event.sql
-- Applies an event to one trader and insists: a trader that is not there is CW004, a transition
-- that the table does not know is CW005.
create or replace function candlewatch.apply_event(
  p_trader uuid,
  p_event text,
  p_reason text default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_state text;
begin
  if candlewatch.apply_events(array[p_trader], p_event, p_reason) = 1 then
    return;
  end if;
  select s.state into v_state from public.trader_states as s where s.trader_id = p_trader;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  perform candlewatch.refuse('CW005',
    format('a trader that is %s cannot have the event %s', v_state, left(p_event, 40)),
    'read its state again');
end
$$;

comment on function candlewatch.apply_event(uuid, text, text) is
  'Applies one lifecycle event to one trader; refuses what the transition table does not know.';

-- sql/20_functions/apply_events.sql
-- The one place that changes a trader's state. Locks the accounts when a running place may be taken
-- or freed (always before the states, so that nobody deadlocks), then the states in order; moves
-- those for which the transition table knows the event and leaves the others alone; counts running
-- places and refuses (CW003) when a start would take one too many. Returns how many moved.
create or replace function candlewatch.apply_events(
  p_traders uuid[],
  p_event text,
  p_reason text default null
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_moved uuid[];
begin
  if p_event in ('start', 'stop', 'suspend') then
    perform from public.accounts as a
    where a.id in (
      select s.account_id from public.trader_states as s where s.trader_id = any (p_traders)
    )
    order by a.id
    for no key update;
  end if;
  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for update;
  if p_event in ('start', 'stop', 'suspend') then
    perform candlewatch.count_running(p_traders, p_event);
  end if;

  perform set_config('candlewatch.engine', 'on', true);
  with moved as (
    update public.trader_states as s
    set state = t.to_state,
      reason = case when t.to_state in ('error', 'stopped') then p_reason end,
      version = s.version + 1,
      changed_at = candlewatch.now()
    from candlewatch.transitions as t
    where s.trader_id = any (p_traders) and t.from_state = s.state and t.event = p_event
    returning s.trader_id
  )
  select coalesce(array_agg(m.trader_id order by m.trader_id), '{}') into v_moved from moved as m;
  perform set_config('candlewatch.engine', '', true);

  if p_event = 'start' then
    perform candlewatch.remember_start(m) from unnest(v_moved) as m;
  elsif p_event = 'edit' then
    update candlewatch.trader_memory as m
    set failure_count = 0
    where m.trader_id = any (v_moved) and m.failure_count <> 0;
  end if;
  return cardinality(v_moved);
end
$$;

comment on function candlewatch.apply_events(uuid[], text, text) is
  'The one place that changes traders'' states: applies an event to all of them that may have it.';

-- sql/20_functions/audit_row.sql
-- Writes what changed in a row to the audit log: only the columns that differ, and by whom.
-- Arguments: the key's column, the account's column (or empty). Definer: nobody may write the log
-- himself.
create or replace function candlewatch.audit_row()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_after, v_before);
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, v_after -> b.key)
    into v_before, v_after
    from jsonb_each(v_before) as b
    where b.key <> 'updated_at' and b.value is distinct from v_after -> b.key;
    if v_before is null then
      return null;
    end if;
  end if;
  insert into candlewatch.audit_log (
    actor, actor_role, table_name, row_key, account_id, verb, before, after
  ) values (
    auth.uid(), candlewatch.caller_role(), tg_table_name, v_row ->> tg_argv[0],
    (v_row ->> tg_argv[1])::uuid, lower(tg_op), v_before, v_after
  );
  return null;
end
$$;

comment on function candlewatch.audit_row() is 'Trigger: writes a change to the audit log.';

-- sql/20_functions/broadcast_signals.sql
-- Sends new signals to their owners' private channel of Supabase Realtime, one message for each
-- trader and candle; what an account makes in shadow is not sent. Exists as a trigger only where
-- Realtime does; everywhere else its news is read by polling. Definer: the functions' role may not
-- send messages itself.
create or replace function candlewatch.broadcast_signals()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(m.payload, 'signals', 'account:' || m.account_id, true)
  from (
    select
      n.account_id,
      jsonb_build_object(
        'trader_id', n.trader_id, 'timeframe', n.timeframe, 'candle_at', n.candle_at,
        'signals', jsonb_agg(jsonb_build_object(
          'id', n.id, 'symbol', n.symbol, 'price', n.price, 'change_pct', n.change_pct,
          'volume', n.volume, 'values', n."values"
        ) order by n.id)
      ) as payload
    from written as n
    where not n.shadow
    group by n.account_id, n.trader_id, n.timeframe, n.candle_at
  ) as m;
  return null;
end
$$;

comment on function candlewatch.broadcast_signals() is
  'Trigger: sends new signals to their owners'' private Realtime channels.';

-- sql/20_functions/broadcast_states.sql
-- Tells the owners of traders whose state changed, on their private channel of Supabase Realtime. Exists
-- as a trigger only where Realtime does; everywhere else its news is read by polling. Definer: whoever
-- changes a state need not be allowed to send messages.
create or replace function candlewatch.broadcast_states()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object(
      'trader_id', n.trader_id, 'state', n.state, 'reason', n.reason, 'version', n.version,
      'changed_at', n.changed_at
    ),
    'state', 'account:' || n.account_id, true
  )
  from changed as n
  join unchanged as o on o.trader_id = n.trader_id
  where n.version <> o.version;
  return null;
end
$$;

comment on function candlewatch.broadcast_states() is
  'Trigger: sends changed states to their owners'' private Realtime channels.';

-- sql/20_functions/caller_role.sql
-- The role on whose behalf we run, also inside a definer function: PostgREST and "set role" set it,
-- else it is who logged in.
create or replace function candlewatch.caller_role()
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
$$;

comment on function candlewatch.caller_role() is
  'The database role of the caller, also inside a security definer function.';

-- sql/20_functions/candle_figures.sql
-- Close, change against the candle before in percent, volume and frame revision of one candle, from
-- the packed frames; null where a number is not known. One row, always.
create or replace function candlewatch.candle_figures(
  p_timeframe text,
  p_open_time timestamptz,
  p_position integer,
  out price float8,
  out change_pct float8,
  out volume float8,
  out revision integer
)
returns record
language sql
stable
set search_path = ''
as $$
  select c.close, 100 * (c.close - nullif(p.close, 0)) / nullif(p.close, 0), c.volume,
    coalesce(f.revision, 0)
  from (select) as one
  left join candlewatch.frames as f
    on f.timeframe = p_timeframe and f.open_time = p_open_time
  left join candlewatch.frames as b
    on b.timeframe = p_timeframe
    and b.open_time = p_open_time - candlewatch.candle_length(p_timeframe)
  cross join lateral (
    select
      nullif(candlewatch.float8_of_word(candlewatch.word_at(f.packed, 3, p_position)), 'NaN'),
      nullif(candlewatch.float8_of_word(candlewatch.word_at(f.packed, 4, p_position)), 'NaN')
  ) as c (close, volume)
  cross join lateral (
    select nullif(candlewatch.float8_of_word(candlewatch.word_at(b.packed, 3, p_position)), 'NaN')
  ) as p (close)
$$;
comment on function candlewatch.candle_figures(text, timestamptz, integer) is
  'Close, change, volume and frame revision of one symbol''s candle.';

-- sql/20_functions/candles_after.sql
-- How many candles of a timeframe have been dispatched or missed after this one.
create or replace function candlewatch.candles_after(
  p_timeframe text,
  p_candle_at timestamptz
)
returns integer
language sql
stable
set search_path = ''
as $$
  select coalesce(
    extract(epoch from max(d.candle_at) - p_candle_at)
      / extract(epoch from candlewatch.candle_length(p_timeframe)), 0
  )::integer
  from candlewatch.dispatches as d
  where d.timeframe = p_timeframe and d.kind <> 'manual'
    and d.closes_at > p_candle_at + candlewatch.candle_length(p_timeframe)
$$;
comment on function candlewatch.candles_after(text, timestamptz) is
  'How many newer candles of a timeframe there are.';

-- sql/20_functions/check_request.sql
-- PostgREST calls this before every request, in its transaction. Refuses tokens that PostgREST lets
-- pass (no user, no end, for somebody else, a user who is gone or banned), bodies over 64 kB, and
-- changes of tables over the rate limit: that refusal is an error, so that its reader gets the
-- sentence, and it undoes its own count, but a refused call takes nothing from the bucket anyway.
-- Calls of functions take from the bucket themselves, and their refusals commit. A GET runs in a
-- read-only transaction, which cannot count. Definer: reads users and buckets.
create or replace function candlewatch.check_request()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_headers jsonb := nullif(current_setting('request.headers', true), '')::jsonb;
  v_user text := v_claims ->> 'sub';
  v_known boolean;
  v_refusal jsonb;
begin
  if candlewatch.caller_role() not in ('anon', 'authenticated') then
    return;
  end if;
  if coalesce(v_headers ->> 'content-length', '0') !~ '^[0-9]{1,5}$'
    or coalesce(v_headers ->> 'content-length', '0')::integer > 65536 then
    perform candlewatch.refuse('CW010', 'a request has at most 65536 bytes', 'send less at once');
  end if;
  if candlewatch.caller_role() = 'anon' then
    return;
  end if;
  if v_claims ->> 'exp' is null or v_user is null
    or not coalesce(v_claims -> 'aud', '"authenticated"') @> '"authenticated"'
    or v_user !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    perform candlewatch.refuse('CW009',
      'the token is not one of a signed-in user', 'sign in again');
  end if;
  select coalesce(u.banned_until <= candlewatch.now(), true) and u.deleted_at is null into v_known
  from public.accounts as a join auth.users as u on u.id = a.id where a.id = v_user::uuid;
  if v_known is distinct from true then
    perform candlewatch.refuse('CW009', 'the token''s user has no access', 'sign in again');
  end if;
  if current_setting('request.method', true) not in ('GET', 'HEAD', 'OPTIONS')
    and current_setting('request.path', true) not like '/rpc/%' then
    v_refusal := candlewatch.take_call();
    if v_refusal is not null then
      perform candlewatch.refuse(
        v_refusal ->> 'code', v_refusal ->> 'message', v_refusal ->> 'hint',
          jsonb_build_object('Retry-After', v_refusal ->> 'details'));
    end if;
  end if;
end
$$;

comment on function candlewatch.check_request() is
  'PostgREST''s pre-request: who may ask at all, how much at once and how often.';

-- sql/20_functions/check_trader.sql
-- Answers a wrong row with a sentence before a constraint does with its name, keeps the owner and
-- the times as they are, and fills in the owner that the default could not.
create or replace function candlewatch.check_trader()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  v_problem text;
begin
  if tg_op = 'UPDATE' then
    if new.account_id is distinct from old.account_id or new.id is distinct from old.id then
      perform candlewatch.refuse('CW006', format('trader %s cannot change its owner or id', old.id),
        'make a new trader instead');
    end if;
    new.created_at := old.created_at;
    new.updated_at := case
      when new is distinct from old then candlewatch.now() else old.updated_at
    end;
  else
    new.created_at := candlewatch.now();
    new.updated_at := new.created_at;
    if new.account_id is null then
      perform candlewatch.refuse('CW009', 'this trader would belong to nobody',
        'sign in, or give one account the tier operator: what is typed here becomes its own');
    end if;
  end if;
  v_problem := case
    when new.name is null or btrim(new.name) = '' or length(new.name) > 100 then
      format('a name has 1 to 100 characters, got %s', coalesce(length(new.name), 0))
    when new.filter is null or btrim(new.filter, E' \t\r\n') = '' then
      'a filter is a condition such as rsi(close, 14) < 30, got nothing'
    when length(new.filter) > 4000 then
      format('a filter has at most 4000 characters, got %s', length(new.filter))
    when new.emit is null or new.emit not in ('on_entry', 'every_candle') then
      format('emit is on_entry or every_candle, got %s', left(new.emit, 40))
    when new.cooldown_candles is null or new.cooldown_candles not between 0 and 1000 then
      format('cooldown_candles is 0 to 1000, got %s', new.cooldown_candles)
    when new.catch_up_candles is null or new.catch_up_candles not between 0 and 48 then
      format('catch_up_candles is 0 to 48, got %s', new.catch_up_candles)
    when new.enabled is null then 'enabled is true or false, got nothing'
    else candlewatch.timeframe_problem(new.timeframe)
  end;
  v_problem := coalesce(v_problem, candlewatch.universe_problem(new.universe));
  if v_problem is not null then
    perform candlewatch.refuse('CW002', v_problem, 'correct the value and save again');
  end if;
  return new;
end
$$;

comment on function candlewatch.check_trader() is
  'Trigger: answers a wrong trader with a sentence; keeps owner and times.';

-- sql/20_functions/claim_batch.sql
-- Leases a batch of jobs to the caller's token and says what it holds. The same token again gives
-- the same batch, less what was completed; concurrent calls with one token wait for each other.
-- Returns lapsed leases first. Generic plans throughout: to plan for each batch's arrays anew costs
-- a tenth of the call and finds the same lookups by key. A claim does not wait for its commit to
-- reach the disk: one that a crash of the server takes back has changed nothing, its jobs are ready
-- as before and its token is fenced. Definer: the worker may call this and may not touch the tables.
create or replace function worker.claim_batch(
  p_token uuid,
  p_worker text,
  p_limit integer,
  p_cost_limit float8,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_settings candlewatch.settings;
begin
  if p_token is null or p_worker is null then
    perform candlewatch.refuse('CW002', 'a claim needs a token and the worker''s name',
      'make the token before the call, so that it can be repeated');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_token::text, 0));
  if not exists (select from candlewatch.leases as l where l.token = p_token)
    and not exists (select from candlewatch.lease_log as l where l.token = p_token)
  then
    set local synchronous_commit = off;
    select s.* into v_settings from candlewatch.settings as s;
    perform candlewatch.return_lapsed();
    perform candlewatch.take_jobs(
      p_token,
      p_worker,
      least(greatest(coalesce(p_limit, 1), 1), v_settings.leased_limit),
      coalesce(p_cost_limit, 'infinity'),
      least(greatest(coalesce(p_lease_seconds, 20), 0.1), v_settings.lease_seconds_limit)
    );
  end if;
  return candlewatch.describe_batch(p_token);
end
$$;
comment on function worker.claim_batch(uuid, text, integer, float8, float8) is
  'Leases a batch of jobs to a token that the caller made; repeating it gives the same batch.';

-- sql/20_functions/claim_tasks.sql
-- Leases tasks of one kind to the caller's token. The same token again gives the same tasks, less
-- what was ended; concurrent calls with one token wait for each other. Lapsed leases of the kind go
-- back first. Definer: the worker may call this and may not touch the tables.
create or replace function worker.claim_tasks(
  p_token uuid,
  p_worker text,
  p_kind text,
  p_limit integer,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_room integer;
begin
  if p_token is null or p_worker is null then
    perform candlewatch.refuse('CW002', 'a claim needs a token and the worker''s name',
      'make the token before the call, so that it can be repeated');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_token::text, 0));
  if not exists (select from candlewatch.tasks as t where t.token = p_token and t.kind = p_kind) then
    perform candlewatch.return_lapsed_tasks(p_kind, 100);
    v_room := candlewatch.room_for_tasks(p_kind, p_limit);
    with picked as materialized (
      select t.id
      from candlewatch.tasks as t
      where t.kind = p_kind and t.state = 'ready' and t.due_at <= candlewatch.lease_clock()
      order by t.priority, t.due_at, t.id
      limit v_room
      for update skip locked
    )
    update candlewatch.tasks as t
    set state = 'leased', token = p_token, worker = p_worker, attempt = t.attempt + 1,
      lease_until = candlewatch.lease_clock()
        + make_interval(secs => least(
          greatest(coalesce(p_lease_seconds, 20), 0.1), s.lease_seconds_limit
        ))
    from picked as p
    cross join candlewatch.settings as s
    where t.id = p.id;
  end if;
  return (
    select jsonb_build_object(
      'token', p_token,
      'lease_until', min(t.lease_until),
      'tasks', coalesce(jsonb_agg(jsonb_build_object(
        'id', t.id, 'kind', t.kind, 'key', t.key, 'payload', t.payload, 'attempt', t.attempt
      ) order by t.priority, t.due_at, t.id), '[]')
    )
    from candlewatch.tasks as t
    where t.token = p_token and t.kind = p_kind and t.state = 'leased'
  );
end
$$;
comment on function worker.claim_tasks(uuid, text, text, integer, float8) is
  'Leases tasks of one kind to a token that the caller made.';

-- sql/20_functions/claim_width.sql
-- How many tenants a claim of p_limit jobs must lock, and from which head on: as many as give
-- p_limit jobs when each gives one turn. Starts at the floor; where too little is ready above it,
-- at the very first, so that no head below the floor is ever left behind. Locks nothing: it is an
-- estimate.
create or replace function candlewatch.claim_width(
  p_limit integer,
  out o_width integer,
  out o_from_tag float8
)
returns record
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_jobs integer;
begin
  select q.floor_tag into o_from_tag from candlewatch.queue_state as q;
  for v_pass in 1 .. 2 loop
    select count(*) filter (where w.before < p_limit), coalesce(max(w.before + w.jobs), 0)
    into o_width, v_jobs
    from (
      select
        h.jobs,
        sum(h.jobs) over (order by h.head_tag rows unbounded preceding) - h.jobs as before
      from (
        select
          t.head_tag,
          least(t.ready_count, t.concurrency_limit - t.leased_count,
            ceil(s.jobs_per_turn * t.weight)::integer) as jobs
        from candlewatch.seats as t
        cross join candlewatch.settings as s
        where t.head_tag >= o_from_tag
        order by t.head_tag
        limit p_limit
      ) as h
    ) as w;
    exit when v_jobs >= p_limit;
    o_from_tag := '-infinity';
  end loop;
end
$$;
comment on function candlewatch.claim_width(integer) is
  'How many tenants a claim of so many jobs has to lock, and from which head tag on.';

-- sql/20_functions/clone_template.sql
-- Makes a trader of a template, under the template's name unless another is given. Repeating the
-- call with its idempotency key answers the same, whatever became of the template.
create or replace function public.clone_template(
  p_slug text,
  p_name text default null,
  p_enabled boolean default true,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
  v_template public.templates;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      'clone_template', p_slug, p_name, p_enabled
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  select t.* into v_template from public.templates as t where t.slug = p_slug;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no template %s', left(p_slug, 40)),
      'list the templates and use a slug from there');
  end if;
  v_answer := candlewatch.insert_trader(
    coalesce(p_name, v_template.name), v_template.filter, v_template.timeframe,
    v_template.universe, p_enabled, v_template.emit, 0, 0
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.clone_template(text, text, boolean, text) is
  'Makes a trader of a template and starts it.';

-- sql/20_functions/clone_trader.sql
-- Makes another trader like one of the caller's own; it is stopped unless p_enabled says otherwise.
-- Repeating the call with its idempotency key answers the same, whatever became of the first one.
create or replace function public.clone_trader(
  p_trader uuid,
  p_name text default null,
  p_enabled boolean default false,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
  v_trader public.traders;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      'clone_trader', p_trader, p_name, p_enabled
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  select t.* into v_trader from public.traders as t where t.id = p_trader;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  v_answer := candlewatch.insert_trader(
    coalesce(p_name, left('Copy of ' || v_trader.name, 100)), v_trader.filter,
    v_trader.timeframe, v_trader.universe, p_enabled, v_trader.emit,
    v_trader.cooldown_candles, v_trader.catch_up_candles
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.clone_trader(uuid, text, boolean, text) is
  'Makes another trader like one of your own, stopped unless asked otherwise.';

-- sql/20_functions/complete_batch.sql
-- Ends jobs of a live lease with their results, all in one transaction: judges every slot under the
-- lock on its trader's state, writes signals and memory, retries or records what is not done, frees
-- the tenants' room. A token that does not hold the jobs changes nothing: "already" with what was
-- told before, when it completed them itself, else "fenced". The lease is judged after the waits
-- for locks: lease, states; then come tenants and queue_state. Generic plans throughout, as in the
-- claim; nothing is memoized, since no key comes twice. Definer: the worker may call this and may
-- not touch the tables.
create or replace function worker.complete_batch(
  p_token uuid,
  p_results jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_memoize = off
as $$
declare
  v_now timestamptz;
  v_lease candlewatch.leases;
  v_named bigint[];
  v_jobs bigint[];
  v_verdicts candlewatch.verdict[];
  v_result jsonb;
begin
  select l.* into v_lease from candlewatch.leases as l where l.token = p_token for update;
  if p_results ? 'jobs' then
    select coalesce(array_agg(j::bigint), '{}') into v_named
    from jsonb_array_elements_text(p_results -> 'jobs') as j;
  end if;
  select array_agg(j.id) into v_jobs
  from candlewatch.leased as j
  where j.token = p_token and (v_named is null or j.id = any (v_named));
  perform candlewatch.lock_states(p_token, v_jobs, p_results);
  v_now := candlewatch.lease_clock();
  if v_jobs is null or v_lease.lease_until <= v_now then
    return candlewatch.told_before(p_token, v_named);
  end if;

  v_verdicts := candlewatch.judge_slots(p_token, v_jobs, p_results);
  v_result := candlewatch.settle_slots(v_verdicts, p_results);
  perform candlewatch.end_jobs(v_lease, v_jobs, 'completed', v_result, v_now);
  return v_result;
end
$$;
comment on function worker.complete_batch(uuid, jsonb) is
  'Ends the jobs of a lease with their results, once; a stale token is fenced.';

-- sql/20_functions/complete_check.sql
-- Ends a check task with its answer, fenced by the token as every task is, and decides the filter
-- in the same transaction. A stale token changes nothing; a repeated call is told that it was done.
-- Definer: the worker's role may call this and touch nothing itself.
create or replace function worker.complete_check(
  p_token uuid,
  p_task bigint,
  p_result jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  if jsonb_typeof(p_result -> 'ok') is distinct from 'boolean' then
    perform candlewatch.refuse('CW002', 'the answer of a check says ok: true or ok: false',
      'send {"ok": true, "needs": ...} or {"ok": false, "problems": [...]}');
  end if;
  perform candlewatch.lock_checked_filters(array[p_task]);
  v_answer := worker.complete_task(p_token, p_task, p_result);
  if v_answer ->> 'outcome' = 'done' then
    perform candlewatch.decide_filter((t.payload ->> 'filter_id')::bigint, p_result)
    from candlewatch.tasks as t
    where t.id = p_task and t.kind = 'check';
  end if;
  return v_answer;
end
$$;

comment on function worker.complete_check(uuid, bigint, jsonb) is
  'Ends a check task: the filter is ready or refused, and the traders that wait for it move.';

-- sql/20_functions/complete_task.sql
-- Ends a task with its result, if the token holds it: "done"; "already" when it was done by this
-- token; else "fenced", and nothing changes. Definer: the worker may call this and may not touch
-- the tables.
create or replace function worker.complete_task(
  p_token uuid,
  p_task bigint,
  p_result jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_hold text := candlewatch.hold_task(p_token, p_task);
begin
  if v_hold = 'held' then
    perform candlewatch.end_task(p_task, 'done', p_result, null);
    v_hold := 'done';
  end if;
  return jsonb_build_object('outcome', v_hold);
end
$$;
comment on function worker.complete_task(uuid, bigint, jsonb) is
  'Ends a task with its result, if the token holds it.';

-- sql/20_functions/content_hash.sql
-- The name of a filter's content: equal texts for one timeframe are one filter, whoever wrote them.
create or replace function candlewatch.content_hash(
  p_timeframe text,
  p_source text
)
returns bytea
language sql
immutable
set search_path = ''
as $$
  select sha256(convert_to(p_timeframe || chr(10) || p_source, 'UTF8'))
$$;

comment on function candlewatch.content_hash(text, text) is
  'SHA-256 of timeframe, line feed and source.';

-- sql/20_functions/count_missed.sql
-- Counts the candles between the last dispatched one and this as missed (an outage): a dispatch row
-- each, all of whose slots are expired. Counted for the traders that run now and ran then and do not
-- catch up with that many; at most settings.missed_candles_counted, the newest.
create or replace function candlewatch.count_missed(
  p_timeframe text,
  p_last timestamptz,
  p_candle_at timestamptz
)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, superseded_at, enqueued_at,
    due_count, expired_count
  )
  select p_timeframe, m.candle_at, m.candle_at + l.length, 'missed', 0, candlewatch.now(),
    candlewatch.now(), candlewatch.now(), t.traders, t.traders
  from (select candlewatch.candle_length(p_timeframe)) as l (length)
  cross join candlewatch.settings as c
  cross join lateral generate_series(
    greatest(p_last + l.length, p_candle_at - c.missed_candles_counted * l.length),
    p_candle_at - l.length,
    l.length
  ) as m (candle_at)
  cross join lateral (
    select count(*)::integer
    from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    join public.traders as w on w.id = s.trader_id
    where s.state = 'running' and f.timeframe = p_timeframe
      and w.catch_up_candles * l.length < p_candle_at - m.candle_at
      and s.changed_at <= m.candle_at + l.length
  ) as t (traders)
  where p_last is not null
  on conflict do nothing
$$;
comment on function candlewatch.count_missed(text, timestamptz, timestamptz) is
  'Counts the slots of candles that were never published as expired.';

-- sql/20_functions/count_running.sql
-- Takes or frees the running places that an event will take or free, under the locks that
-- apply_events holds. Refuses (CW003) when an account has too few places left.
create or replace function candlewatch.count_running(
  p_traders uuid[],
  p_event text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_over record;
begin
  perform set_config('candlewatch.engine', 'on', true);
  update public.accounts as a
  set running_count = a.running_count + d.places
  from (
    select
      s.account_id,
      sum(case when t.from_state = 'stopped' then 1 else -1 end) as places
    from public.trader_states as s
    join candlewatch.transitions as t on t.from_state = s.state and t.event = p_event
    where s.trader_id = any (p_traders) and (t.from_state = 'stopped') <> (t.to_state = 'stopped')
    group by s.account_id
  ) as d
  where a.id = d.account_id;
  perform set_config('candlewatch.engine', '', true);
  if p_event <> 'start' then
    insert into candlewatch.quota_reviews (account_id)
    select distinct s.account_id
    from public.trader_states as s
    where p_event = 'stop' and s.trader_id = any (p_traders)
    on conflict (account_id) do nothing;
    return;
  end if;
  select r.name, r.running_limit into v_over
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id in (
      select s.account_id from public.trader_states as s where s.trader_id = any (p_traders)
    )
    and a.running_count > r.running_limit
  limit 1;
  if found then
    perform candlewatch.refuse('CW003',
      format('the %s tier runs at most %s traders at once (running_limit)', v_over.name,
        v_over.running_limit),
      'stop a trader first, save this one with enabled = false, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.count_running(uuid[], text) is
  'Counts the running places that an event takes or frees; refuses one too many.';

-- sql/20_functions/count_traders.sql
-- Counts new traders against their accounts' limits. The accounts are locked in order first, so
-- that the count is exact under any concurrency; one trader too many refuses (CW003) the whole
-- statement.
create or replace function candlewatch.count_traders(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_over record;
begin
  perform from public.accounts as a
  where a.id in (select t.account_id from public.traders as t where t.id = any (p_traders))
  order by a.id
  for no key update;
  perform set_config('candlewatch.engine', 'on', true);
  with counted as (
    update public.accounts as a
    set trader_count = a.trader_count + n.traders
    from (
      select t.account_id, count(*) as traders
      from public.traders as t
      where t.id = any (p_traders)
      group by t.account_id
    ) as n
    where a.id = n.account_id
    returning a.tier, a.trader_count
  )
  select r.name, r.traders_limit into v_over
  from counted as c
  join public.tiers as r on r.name = c.tier
  where c.trader_count > r.traders_limit
  limit 1;
  perform set_config('candlewatch.engine', '', true);
  if v_over is not null then
    perform candlewatch.refuse('CW003',
      format(
        'the %s tier has at most %s traders (traders_limit)', v_over.name, v_over.traders_limit
      ),
      'delete a trader first, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.count_traders(uuid[]) is
  'Counts new traders against their accounts'' limits; refuses one too many.';

-- sql/20_functions/count_unknown.sql
-- How many symbols that trade now have no known close in a packed frame.
create or replace function candlewatch.count_unknown(p_packed bytea)
returns integer
language sql
stable
set search_path = ''
as $$
  select count(*)::integer
  from public.symbols as s
  where s.trading
    and candlewatch.word_at(p_packed, 3, s.position) & 9218868437227405312 = 9218868437227405312
$$;
comment on function candlewatch.count_unknown(bytea) is
  'Trading symbols whose close a packed frame does not know.';

-- sql/20_functions/create_account.sql
-- Gives every new user an account. Definer: the role that inserts users may not write to public.
create or replace function candlewatch.create_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.accounts (id) values (new.id) on conflict (id) do nothing;
  return null;
end
$$;

comment on function candlewatch.create_account() is 'Trigger: a new user gets an account.';

-- sql/20_functions/create_trader.sql
-- Creates a trader for the signed-in user and starts it unless p_enabled is false. Repeating the
-- call with the same idempotency key (p_key or the header) creates nothing and answers the same.
create or replace function public.create_trader(
  p_name text,
  p_filter text,
  p_timeframe text default '5m',
  p_universe jsonb default '{}',
  p_enabled boolean default true,
  p_emit text default 'on_entry',
  p_cooldown_candles integer default 0,
  p_catch_up_candles integer default 0,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
      p_catch_up_candles
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  v_answer := candlewatch.insert_trader(
    p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
    p_catch_up_candles
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.create_trader(
  text, text, text, jsonb, boolean, text, integer, integer, text
) is
  'Creates a trader and starts it; the same idempotency key creates it once.';

-- sql/20_functions/decide_entries.sql
-- For each slot that is done: which symbols it reports, and what its trader remembers. All by bits,
-- by symbol position: entered = true & universe & ~matched (every_candle: true & universe), and
-- matched = (matched & unknown) | true. Slots with nothing to report or remember are left out.
create or replace function candlewatch.decide_entries(
  p_verdicts candlewatch.verdict[],
  p_results jsonb
)
returns setof candlewatch.entry
language sql
stable
set search_path = ''
rows 100
as $$
  with width as materialized (
    select coalesce(max(s.position), -1) + 1 as bits from public.symbols as s
  ),
  answer as materialized (
    select r.dispatch, r.filter, r."values",
      candlewatch.fit_bits(r."true"::bit varying, w.bits) as is_true,
      ~ candlewatch.fit_bits(~ coalesce(r.unknown, '')::bit varying, w.bits) as is_unknown
    from jsonb_to_recordset(p_results -> 'filters') as r (
      dispatch bigint, filter bigint, "true" text, unknown text, "values" jsonb
    )
    cross join width as w
  ),
  slot as materialized (
    select v.*, a.is_true, a."values", m.universe_id, m.matched as matched_before,
      candlewatch.fit_bits(m.matched, w.bits) as matched,
      (candlewatch.fit_bits(m.matched, w.bits) & a.is_unknown) | a.is_true as matched_after
    from unnest(p_verdicts) as v
    cross join width as w
    join answer as a on a.dispatch = v.dispatch_id and a.filter = v.filter_id
    join candlewatch.trader_memory as m on m.trader_id = v.trader_id
    where v.outcome = 'done'
      and (bit_count(a.is_true) > 0 or bit_count(m.matched) > 0)
  )
  select s.dispatch_id, s.trader_id, s.account_id, s.filter_id, t.cooldown_candles, s."values",
    s.is_true & candlewatch.fit_bits(u.bits, w.bits)
      & case t.emit when 'on_entry' then ~ s.matched else s.is_true end,
    s.matched_after,
    s.matched_after is distinct from s.matched_before
  from slot as s
  cross join width as w
  join candlewatch.universes as u on u.id = s.universe_id
  join public.traders as t on t.id = s.trader_id
$$;
comment on function candlewatch.decide_entries(candlewatch.verdict[], jsonb) is
  'Which symbols each slot reports and what its trader remembers, by bit arithmetic.';

-- sql/20_functions/decide_filter.sql
-- Writes the answer of a check to its filter and moves every trader that waits for it. A filter
-- that is decided already stays as it is: the first answer holds.
create or replace function candlewatch.decide_filter(
  p_filter bigint,
  p_result jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_good boolean := coalesce((p_result ->> 'ok')::boolean, false);
begin
  update candlewatch.filters as f
  set state = case when v_good then 'ready' else 'refused' end,
    needs = case when v_good then coalesce(p_result -> 'needs', '{}') end,
    lookback = case when v_good then coalesce((p_result ->> 'lookback')::integer, 0) end,
    cost = case when v_good then coalesce((p_result ->> 'cost')::float8, 1) end,
    symbols = case when v_good then candlewatch.texts(p_result -> 'symbols') end,
    names = case when v_good then candlewatch.texts(p_result -> 'names') end,
    problems = case when not v_good then coalesce(p_result -> 'problems', '[]') end,
    checked_at = candlewatch.now()
  where f.id = p_filter and f.state = 'pending';

  select array_agg(s.trader_id) into v_traders
  from public.trader_states as s
  where s.filter_id = p_filter and s.state = 'starting';
  perform candlewatch.settle_traders(v_traders);
end
$$;

comment on function candlewatch.decide_filter(bigint, jsonb) is
  'Writes the answer of a check to its filter and moves the traders that wait for it.';

-- sql/20_functions/default_account.sql
-- Whose a new trader is when nobody says: the signed-in user's; in the dashboard and in psql, where
-- no user is signed in, the operator's. Null where there is neither.
create or replace function candlewatch.default_account()
returns uuid
language sql
stable
set search_path = ''
as $$
  select coalesce(
    auth.uid(),
    (
      select a.id
      from public.accounts as a
      where a.tier = 'operator'
      order by a.created_at, a.id
      limit 1
    )
  )
$$;

comment on function candlewatch.default_account() is
  'The signed-in user''s account, or the oldest of tier operator.';

-- sql/20_functions/describe_batch.sql
-- What a token holds, as a worker wants it: its jobs with their distinct filters, their dispatches,
-- and by which revisions a warm worker knows whether its symbols and frames are still right.
create or replace function candlewatch.describe_batch(p_token uuid)
returns jsonb
language sql
stable
set search_path = ''
set enable_seqscan = off
as $$
  select jsonb_build_object(
    'token', p_token,
    'lease_until', (select l.lease_until from candlewatch.leases as l where l.token = p_token),
    'jobs', coalesce((
      select to_jsonb(array_agg(row(
        j.id, j.dispatch_id, j.attempt,
        case cardinality(j.filter_ids)
          when 1 then array_remove(j.filter_ids, null)
          else array(
            select distinct f from unnest(j.filter_ids) as f where f is not null order by f
          )
        end
      )::candlewatch.batch_job order by j.tag, j.id))
      from candlewatch.leased as j
      where j.token = p_token
    ), '[]'),
    'dispatches', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', d.id,
        'timeframe', d.timeframe,
        'candle_at', d.candle_at,
        'revision', d.revision,
        'kind', d.kind
      ) order by d.id)
      from candlewatch.dispatches as d
      where d.id = any (array(
        select distinct j.dispatch_id from candlewatch.leased as j where j.token = p_token
      ))
    ), '[]'),
    'symbols_revision', (select r.revision from candlewatch.symbol_revision as r),
    'repairs', (
      select jsonb_object_agg(r.timeframe, r.repair_count) from candlewatch.repairs as r
    )
  )
$$;
comment on function candlewatch.describe_batch(uuid) is
  'The jobs, filters and dispatches that a token holds, as JSON.';

-- sql/20_functions/describe_trader.sql
-- What the API says of a trader: the wish, the fact with its reason, what is known of its filter,
-- with all problems of a refused one, and of its universe, with the names that are not listed. A
-- sentence warns when slots failed lately.
create or replace function candlewatch.describe_trader(p_trader uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', t.id,
    'name', t.name,
    'enabled', t.enabled,
    'state', s.state,
    'reason', s.reason,
    'warning', case when s.state = 'running' and m.failure_count >= q.failures_to_warn then format(
      'its last %s candles could not be evaluated; after %s it is put in error',
      m.failure_count, q.failures_to_stop
    ) end,
    'version', s.version,
    'changed_at', s.changed_at,
    'last_candle_at', m.last_candle_at,
    'timeframe', t.timeframe,
    'filter', jsonb_build_object(
      'id', f.id,
      'state', f.state,
      'needs', f.needs,
      'lookback', f.lookback,
      'cost', f.cost,
      'symbols', f.symbols,
      'names', f.names,
      'problems', f.problems
    ),
    'universe', (
      select jsonb_build_object(
        'symbols', bit_count(u.bits),
        'unknown_symbols', u.unknown_symbols,
        'halted_symbols', array(
          select x.symbol from public.symbols as x
          where u.stated -> 'symbols' ? x.symbol and not x.trading order by x.symbol
        )
      )
      from candlewatch.universes as u
      where u.id = m.universe_id
    )
  )
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  join candlewatch.filters as f on f.id = s.filter_id
  left join candlewatch.trader_memory as m on m.trader_id = t.id
  cross join candlewatch.settings as q
  where t.id = p_trader
$$;

comment on function candlewatch.describe_trader(uuid) is
  'What the API says of a trader: wish, state, reason, version and its filter.';

-- sql/20_functions/dispatch_manually.sql
-- Has a running trader evaluated now on the newest frame of its timeframe: a dispatch of kind
-- manual with one slot. What the trader remembers of matches stays as it is. Refuses (CW004) when
-- there is no frame.
create or replace function candlewatch.dispatch_manually(p_trader uuid)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
  v_slots candlewatch.verdict[];
begin
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, enqueued_at
  )
  select n.timeframe, n.open_time, n.open_time + candlewatch.candle_length(n.timeframe), 'manual',
    n.revision, candlewatch.now(), candlewatch.now()
  from public.trader_states as s
  join candlewatch.filters as l on l.id = s.filter_id
  cross join lateral (
    select f.timeframe, f.open_time, f.revision
    from candlewatch.frames as f
    where f.timeframe = l.timeframe
    order by f.open_time desc
    limit 1
  ) as n
  where s.trader_id = p_trader and s.state = 'running'
  returning id into v_id;
  if v_id is null then
    perform candlewatch.refuse('CW004',
      format('trader %s does not run, or no candle of its timeframe has closed yet', p_trader),
      'start it and wait for the next candle');
  end if;
  select array_agg(row(
    null, s.account_id, v_id, s.trader_id, null, null, 0, 0, l.cost, null, null
  )::candlewatch.verdict)
  into v_slots
  from public.trader_states as s
  join candlewatch.filters as l on l.id = s.filter_id
  where s.trader_id = p_trader;
  insert into candlewatch.tallies (dispatch_id, due_count) values (v_id, 1);
  perform candlewatch.add_jobs(v_slots);
  perform candlewatch.wake('evaluate');
  return v_id;
end
$$;
comment on function candlewatch.dispatch_manually(uuid) is
  'Has a running trader evaluated now, on the newest closed candle.';

-- sql/20_functions/drop_partitions.sql
-- Drops the partitions of p_table that end at or before p_before, whole: no row is deleted one by
-- one. Returns how many went.
create or replace function candlewatch.drop_partitions(
  p_table regclass,
  p_before timestamptz
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_partition record;
  v_count integer := 0;
begin
  for v_partition in
    select c.oid::regclass as name
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = p_table
      and substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)')::timestamptz
        <= p_before
    order by c.relname
    limit 40
  loop
    execute format('drop table %s', v_partition.name);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.drop_partitions(regclass, timestamptz) is
  'Drops the partitions of a table that ended by a moment, whole.';

-- sql/20_functions/drop_traders.sql
-- After traders were deleted and before what belongs to them goes: frees their places in the
-- accounts' counts. All traders of the statement are locked by now; the accounts and then the states
-- are locked here, each in order, as everybody does: a lock of the account before each trader would
-- deadlock with whoever starts the next one, and the cascades take states as they come. The first
-- row does it for all. Definer: users may not write what it writes.
create or replace function candlewatch.drop_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_accounts uuid[];
begin
  if old.id <> (select d.id from dropped as d limit 1) then
    return null;
  end if;
  select array_agg(d.id), array_agg(distinct d.account_id) into v_traders, v_accounts
  from dropped as d;
  perform from public.accounts as a
  where a.id = any (v_accounts)
  order by a.id
  for no key update;
  perform from public.trader_states as s
  where s.trader_id = any (v_traders)
  order by s.trader_id
  for update;

  perform set_config('candlewatch.engine', 'on', true);
  with counted as (
    update public.accounts as a
    set trader_count = a.trader_count - n.traders, running_count = a.running_count - n.running
    from (
      select s.account_id, count(*) as traders,
        count(*) filter (where s.state <> 'stopped') as running
      from public.trader_states as s
      where s.trader_id = any (v_traders)
      group by s.account_id
    ) as n
    where a.id = n.account_id
    returning a.id, n.running
  )
  insert into candlewatch.quota_reviews (account_id)
  select c.id from counted as c where c.running > 0
  on conflict (account_id) do nothing;
  perform set_config('candlewatch.engine', '', true);
  return null;
end
$$;

comment on function candlewatch.drop_traders() is
  'Trigger: deleted traders free their places, in the order of locks that everybody keeps.';

-- sql/20_functions/edit_traders.sql
-- After traders were edited, on whatever path: binds changed texts to their filters, starts and
-- stops what was switched, and has changed universes resolved. Definer: users may not write what it
-- writes.
create or replace function candlewatch.edit_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_edited uuid[];
  v_moved uuid[];
  v_started uuid[];
  v_stopped uuid[];
  v_enabled uuid[];
begin
  select
    array_agg(n.id) filter (where (n.filter, n.timeframe) is distinct from (o.filter, o.timeframe)),
    array_agg(n.id) filter (where n.universe is distinct from o.universe),
    array_agg(n.id) filter (where n.enabled and not o.enabled),
    array_agg(n.id) filter (where o.enabled and not n.enabled),
    array_agg(n.id) filter (where n.enabled)
  into v_edited, v_moved, v_started, v_stopped, v_enabled
  from edited as n
  join unedited as o on o.id = n.id
  where n is distinct from o;

  perform candlewatch.apply_events(v_stopped, 'stop') where v_stopped is not null;
  if v_edited is not null or v_moved is not null or v_started is not null then
    perform candlewatch.require_tier(v_enabled);
  end if;
  if v_edited is not null then
    v_edited := candlewatch.adopt_filters(v_edited);
    perform candlewatch.apply_events(v_edited, 'edit');
  end if;
  perform candlewatch.resolve_universes(v_moved) where v_moved is not null;
  perform candlewatch.apply_events(v_started, 'start') where v_started is not null;
  if v_edited is not null or v_started is not null then
    perform candlewatch.settle_traders(v_edited || v_started);
  end if;
  return null;
end
$$;

comment on function candlewatch.edit_traders() is
  'Trigger: edited traders are bound to their filters, started and stopped.';

-- sql/20_functions/end_jobs.sql
-- Takes jobs out of a lease that the caller has locked: frees their tenants' room and the global
-- one, appends to the lease log and ends the lease with its last job.
create or replace function candlewatch.end_jobs(
  p_lease candlewatch.leases,
  p_jobs bigint[],
  p_outcome text,
  p_result jsonb,
  p_ended_at timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  select array_agg(row(d.account_id, 0, -d.jobs, null, null)::candlewatch.tenant_change)
  into v_changes
  from (
    select j.account_id, count(*)::integer as jobs
    from candlewatch.leased as j
    where j.token = p_lease.token and j.id = any (p_jobs)
    group by j.account_id
  ) as d;
  delete from candlewatch.leased as j where j.token = p_lease.token and j.id = any (p_jobs);
  insert into candlewatch.lease_log (
    token, worker, granted_at, lease_until, ended_at, outcome, job_ids, result
  )
  values (p_lease.token, p_lease.worker, p_lease.granted_at, p_lease.lease_until,
    p_ended_at, p_outcome, p_jobs, p_result);
  if cardinality(p_jobs) < p_lease.job_count then
    update candlewatch.leases as l
    set job_count = l.job_count - cardinality(p_jobs)
    where l.token = p_lease.token;
  else
    delete from candlewatch.leases as l where l.token = p_lease.token;
  end if;

  perform candlewatch.lock_tenants(array(select c.account_id from unnest(v_changes) as c));
  perform candlewatch.seat_tenants(v_changes);
  update candlewatch.queue_state as q set leased_count = q.leased_count - cardinality(p_jobs);
end
$$;
comment on function candlewatch.end_jobs(candlewatch.leases, bigint[], text, jsonb, timestamptz) is
  'Takes jobs out of a lease: frees room, appends to the lease log, ends an empty lease.';

-- sql/20_functions/end_run.sql
-- Notes how a run ended and what it counted; the first note holds. The cost that it counted, over
-- its seconds, moves what its function is held to work off: a moving average in which a run of ten
-- seconds weighs half. Definer: the worker may call this and may not touch the tables.
create or replace function worker.end_run(
  p_run bigint,
  p_outcome text,
  p_counts jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_run candlewatch.runs;
  v_seconds float8;
begin
  update candlewatch.runs as r
  set ended_at = candlewatch.lease_clock(), outcome = left(coalesce(p_outcome, 'done'), 500),
    counts = coalesce(p_counts, '{}')
  where r.id = p_run and r.ended_at is null
  returning r.* into v_run;
  if v_run.id is null then
    return jsonb_build_object('outcome', 'already');
  end if;

  v_seconds := extract(epoch from v_run.ended_at - v_run.started_at);
  update candlewatch.functions as f
  set cost_per_second = greatest(
    1, (10 * f.cost_per_second + (v_run.counts ->> 'cost')::float8) / (10 + v_seconds)
  )
  where f.name = v_run.function_name and v_seconds > 0
    and jsonb_typeof(v_run.counts -> 'cost') = 'number' and v_run.counts -> 'cost' > '0';
  return jsonb_build_object('outcome', 'done');
end
$$;
comment on function worker.end_run(bigint, text, jsonb) is
  'Notes how a run ended and what it counted.';

-- sql/20_functions/end_slots.sql
-- Records how slots ended, under the locks on their traders' states: a row with the reason for each
-- that is not done, what the traders remember, and one tally per dispatch. A trader whose failures
-- in a row reach the limit is moved to error.
create or replace function candlewatch.end_slots(
  p_verdicts candlewatch.verdict[],
  p_entries candlewatch.entry[] default null,
  p_signals candlewatch.signal_count[] default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := candlewatch.lease_clock();
  v_failed bigint;
begin
  insert into candlewatch.slot_outcomes (
    dispatch_id, trader_id, account_id, outcome, reason, attempt, ended_at
  )
  select v.dispatch_id, v.trader_id, v.account_id, v.outcome, v.reason, v.attempt, v_now
  from unnest(p_verdicts) as v
  where v.outcome in ('skipped', 'failed', 'expired');

  perform candlewatch.remember_slots(p_verdicts, p_entries);

  with tally as (
    insert into candlewatch.tallies (
      dispatch_id, done_count, skipped_count, failed_count, expired_count, signal_count,
      suppressed_count
    )
    select v.dispatch_id, v.done, v.skipped, v.failed, v.expired, coalesce(s.signals, 0),
      coalesce(s.suppressed, 0)
    from (
      select v.dispatch_id,
        count(*) filter (where v.outcome = 'done') as done,
        count(*) filter (where v.outcome = 'skipped') as skipped,
        count(*) filter (where v.outcome = 'failed') as failed,
        count(*) filter (where v.outcome = 'expired') as expired
      from unnest(p_verdicts) as v
      where v.outcome in ('done', 'skipped', 'failed', 'expired')
      group by v.dispatch_id
    ) as v
    left join unnest(p_signals) as s on s.dispatch_id = v.dispatch_id
    returning failed_count
  )
  select sum(t.failed_count) into v_failed from tally as t;
  if v_failed > 0 then
    perform candlewatch.stop_failing(p_verdicts);
  end if;
end
$$;
comment on function candlewatch.end_slots(
  candlewatch.verdict[], candlewatch.entry[], candlewatch.signal_count[]
) is
  'Records how slots ended: outcomes, memory, tallies.';

-- sql/20_functions/end_task.sql
-- Ends a task that the caller has locked. The token stays with a task that is done, so that its
-- holder can be told again.
create or replace function candlewatch.end_task(
  p_task bigint,
  p_state text,
  p_result jsonb,
  p_reason text
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.tasks as t
  set state = p_state, lease_until = null, ended_at = candlewatch.lease_clock(), result = p_result,
    reason = p_reason
  where t.id = p_task;
end
$$;
comment on function candlewatch.end_task(bigint, text, jsonb, text) is
  'Ends a task as done, failed or expired.';

-- sql/20_functions/enforce_quotas.sql
-- Reviews the accounts whose limits or places changed, at most so many: called by the tick. Returns
-- how many it reviewed. The accounts are locked first, as everybody does; one that somebody else
-- works on at this moment is reviewed by the next tick.
create or replace function candlewatch.enforce_quotas(p_limit integer default 100)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_accounts uuid[];
begin
  select array_agg(p.id order by p.id) into v_accounts
  from (
    select a.id
    from candlewatch.quota_reviews as q
    join public.accounts as a on a.id = q.account_id
    order by q.asked_at, q.account_id
    limit p_limit
    for no key update of a skip locked
  ) as p;
  delete from candlewatch.quota_reviews as q where q.account_id = any (v_accounts);
  perform candlewatch.review_quota(a) from unnest(v_accounts) as a;
  return coalesce(cardinality(v_accounts), 0);
end
$$;

comment on function candlewatch.enforce_quotas(integer) is
  'Stops what is over a quota and resumes what has room again, for accounts that changed.';

-- sql/20_functions/enqueue_chunks.sql
-- Enqueues up to p_chunks chunks, stopping when nothing is left.
create or replace function candlewatch.enqueue_chunks(p_chunks integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_slots integer;
  v_count integer := 0;
begin
  for v_chunk in 1 .. p_chunks loop
    select candlewatch.enqueue_next(s.enqueue_slots) into v_slots from candlewatch.settings as s;
    exit when v_slots = 0;
    v_count := v_count + v_slots;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.enqueue_chunks(integer) is
  'Enqueues a few chunks of open dispatches.';

-- sql/20_functions/enqueue_next.sql
-- Enqueues the next chunk of the newest dispatch that is not enqueued yet and that nobody else
-- enqueues at this moment; dispatches that turn out to be finished leave the list. Returns the
-- slots.
create or replace function candlewatch.enqueue_next(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_dispatch bigint;
  v_slots integer;
begin
  for v_dispatch in
    select e.dispatch_id from candlewatch.enqueues as e order by e.dispatch_id desc limit 20
  loop
    v_slots := candlewatch.enqueue_slots(v_dispatch, p_limit);
    if v_slots > 0 then
      return v_slots;
    end if;
  end loop;
  return 0;
end
$$;
comment on function candlewatch.enqueue_next(integer) is
  'Enqueues the next chunk of the newest open dispatch.';

-- sql/20_functions/enqueue_ready.sql
-- Turns what waits into ready jobs, for a worker that found nothing to claim: retries whose
-- back-off is over, else waiting slots that have to expire, else the next chunk of the oldest
-- dispatch. One step a call, so that each is a short transaction that locks tenants once. 0 slots:
-- nothing is left to do, or another worker is at it ("elsewhere"). Definer: the worker may call
-- this and may not touch the tables.
create or replace function worker.enqueue_ready(p_limit integer)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
  v_slots integer;
begin
  select s.* into v_settings from candlewatch.settings as s;
  v_slots := candlewatch.ready_retries(v_settings.sweep_jobs);
  if v_slots = 0 then
    v_slots := candlewatch.expire_waiting(v_settings.sweep_jobs);
  end if;
  if v_slots = 0 then
    v_slots := candlewatch.enqueue_next(
      least(greatest(coalesce(p_limit, 1), 1), v_settings.enqueue_slots)
    );
  end if;
  return jsonb_build_object(
    'slots', v_slots,
    'elsewhere', v_slots = 0 and exists (select from candlewatch.enqueues)
  );
end
$$;
comment on function worker.enqueue_ready(integer) is
  'Turns waiting work into ready jobs, one bounded step; 0 slots when none is left.';

-- sql/20_functions/enqueue_slots.sql
-- Turns the next p_limit slots of a dispatch into jobs: one chunk, one transaction, resumed where
-- the last one ended. Slots that come too late expire instead, or move to those that are caught up
-- with. Tags are start-time fair
-- queueing: max(tag served, last tag of the tenant) + cost / weight. Locks the dispatch's row of
-- enqueues (skipped when another has it), then the tenants. Returns the slots; 0 when nothing is
-- left.
create or replace function candlewatch.enqueue_slots(
  p_dispatch bigint,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_enqueue candlewatch.enqueues;
  v_slots candlewatch.verdict[];
  v_late candlewatch.verdict[];
begin
  select e.* into v_enqueue
  from candlewatch.enqueues as e
  where e.dispatch_id = p_dispatch
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_slots := candlewatch.next_slots(v_enqueue, p_limit);
  if v_slots is null then
    delete from candlewatch.enqueues as e where e.dispatch_id = p_dispatch;
    update candlewatch.dispatches as d
    set enqueued_at = candlewatch.now()
    where d.id = p_dispatch;
    return 0;
  end if;
  update candlewatch.enqueues as e
  set after_account_id = (v_slots[cardinality(v_slots)]).account_id,
    after_trader_id = (v_slots[cardinality(v_slots)]).trader_id
  where e.dispatch_id = p_dispatch;
  insert into candlewatch.tallies (dispatch_id, due_count)
  values (p_dispatch, cardinality(v_slots));

  v_late := array(select s from unnest(v_slots) as s where s.outcome is not null);
  if cardinality(v_late) > 0 then
    perform candlewatch.end_slots(candlewatch.move_to_catch_up(v_late));
  end if;
  if cardinality(v_late) < cardinality(v_slots) then
    perform candlewatch.add_jobs(array(
      select s from unnest(v_slots) as s where s.outcome is null
    ));
  end if;
  return cardinality(v_slots);
end
$$;
comment on function candlewatch.enqueue_slots(bigint, integer) is
  'Turns the next slots of a dispatch into jobs, one bounded chunk.';

-- sql/20_functions/expire_waiting.sql
-- Expires up to p_limit waiting jobs of superseded dispatches, ready or to be retried, or moves them
-- to those that are caught up with; a dispatch leaves the list when it has none left. Locks the
-- dispatch's row of expiries (skipped when another has it), the traders' states and the tenants.
-- Returns the slots.
create or replace function candlewatch.expire_waiting(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_dispatch bigint;
  v_slots candlewatch.verdict[];
begin
  select e.dispatch_id into v_dispatch
  from candlewatch.expiries as e
  order by e.dispatch_id
  limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_slots := candlewatch.waiting_slots(v_dispatch, p_limit);
  if v_slots is null then
    delete from candlewatch.expiries as e
    where e.dispatch_id = v_dispatch
      and not exists (select from candlewatch.enqueues as q where q.dispatch_id = v_dispatch);
    return 0;
  end if;
  perform candlewatch.lock_tenants(array(select distinct s.account_id from unnest(v_slots) as s));
  v_slots := candlewatch.remove_waiting(v_slots);
  perform candlewatch.end_slots(candlewatch.move_to_catch_up(v_slots));
  return coalesce(cardinality(v_slots), 0);
end
$$;
comment on function candlewatch.expire_waiting(integer) is
  'Expires waiting jobs of superseded dispatches, bounded.';

-- sql/20_functions/extend_lease.sql
-- Extends a live lease to p_lease_seconds from now. A lease that is over is not revived: "fenced".
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.extend_lease(
  p_token uuid,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_until timestamptz;
begin
  perform from candlewatch.leases as l where l.token = p_token for no key update;
  update candlewatch.leases as l
  set lease_until = greatest(l.lease_until, candlewatch.lease_clock()
    + make_interval(secs => least(greatest(p_lease_seconds, 0.1), s.lease_seconds_limit)))
  from candlewatch.settings as s
  where l.token = p_token and l.lease_until > candlewatch.lease_clock()
  returning l.lease_until into v_until;
  if v_until is null then
    return jsonb_build_object('outcome', 'fenced');
  end if;
  return jsonb_build_object('lease_until', v_until);
end
$$;
comment on function worker.extend_lease(uuid, float8) is
  'Extends a live lease; a lease that is over is fenced.';

-- sql/20_functions/fail_task.sql
-- Gives a task back with the reason why it failed, if the token holds it: it is tried again after
-- p_retry_seconds (null: a back-off that grows with its attempts), or has failed when none are
-- left. Definer: the worker may call this and may not touch the tables.
create or replace function worker.fail_task(
  p_token uuid,
  p_task bigint,
  p_reason text,
  p_retry_seconds float8 default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_hold text;
begin
  perform candlewatch.lock_checked_filters(array[p_task]);
  v_hold := candlewatch.hold_task(p_token, p_task);
  if v_hold = 'held' then
    v_hold := case candlewatch.give_back_task(
        p_task, coalesce(nullif(left(p_reason, 500), ''), 'no reason given'), p_retry_seconds
      )
      when 'ready' then 'retried'
      else 'failed'
    end;
  end if;
  return jsonb_build_object('outcome', v_hold);
end
$$;
comment on function worker.fail_task(uuid, bigint, text, float8) is
  'Gives a task back with the reason why it failed; it is tried again while attempts are left.';

-- sql/20_functions/fold_tallies.sql
-- Adds up what the verbs counted, up to p_limit rows, into their dispatches. The rows go in the
-- same statement: a count is in one place or the other, never in both.
create or replace function candlewatch.fold_tallies(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  with picked as materialized (
    select t.id from candlewatch.tallies as t order by t.id limit p_limit for update skip locked
  ),
  taken as (
    delete from candlewatch.tallies as t using picked as p where t.id = p.id returning t.*
  ),
  added as (
    select t.dispatch_id, count(*) as rows, sum(t.due_count) as due, sum(t.done_count) as done,
      sum(t.skipped_count) as skipped, sum(t.failed_count) as failed,
      sum(t.expired_count) as expired, sum(t.signal_count) as signals,
      sum(t.suppressed_count) as suppressed
    from taken as t
    group by t.dispatch_id
  ),
  folded as (
    update candlewatch.dispatches as d
    set due_count = d.due_count + a.due,
      done_count = d.done_count + a.done,
      skipped_count = d.skipped_count + a.skipped,
      failed_count = d.failed_count + a.failed,
      expired_count = d.expired_count + a.expired,
      signal_count = d.signal_count + a.signals,
      suppressed_count = d.suppressed_count + a.suppressed
    from added as a
    where d.id = a.dispatch_id
  )
  select coalesce(sum(a.rows), 0) into v_count from added as a;
  return v_count;
end
$$;
comment on function candlewatch.fold_tallies(integer) is
  'Adds counts of slots to their dispatches, bounded.';

-- sql/20_functions/follow_schedule.sql
-- Trigger: pg_cron's job follows the tick's row.
create or replace function candlewatch.follow_schedule()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform candlewatch.schedule_ticks();
  return null;
end
$$;
comment on function candlewatch.follow_schedule() is 'Trigger: pg_cron''s job follows the tick''s row.';

-- sql/20_functions/forget_failed_check.sql
-- A check that ended without an answer (its workers died) says nothing about the filter: when its
-- owner starts the trader again, it is checked once more.
create or replace function candlewatch.forget_failed_check(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_filter bigint;
begin
  update candlewatch.filters as f
  set state = 'pending', problems = null, checked_at = null
  from public.trader_states as s
  where s.trader_id = p_trader and f.id = s.filter_id
    and f.state = 'refused' and f.problems -> 0 ->> 'rule' = 'check_failed'
  returning f.id into v_filter;
  delete from candlewatch.tasks as t
  where t.kind = 'check' and t.key = v_filter::text and t.state in ('done', 'failed', 'expired');
end
$$;

comment on function candlewatch.forget_failed_check(uuid) is
  'Has a trader''s filter checked once more if its check ended without an answer.';

-- sql/20_functions/give_back_task.sql
-- Makes a leased task, which the caller has locked, ready again after p_retry_seconds (null: the
-- back-off of its attempts), or failed with the reason when no attempts are left. A check that
-- fails for good decides its filter: nobody waits for ever. Returns the state.
create or replace function candlewatch.give_back_task(
  p_task bigint,
  p_reason text,
  p_retry_seconds float8
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_task candlewatch.tasks;
begin
  select t.* into v_task from candlewatch.tasks as t where t.id = p_task;
  if v_task.attempt < v_task.attempts_limit then
    update candlewatch.tasks as t
    set state = 'ready', token = null, worker = null, lease_until = null, reason = p_reason,
      due_at = candlewatch.lease_clock() + coalesce(
        make_interval(secs => greatest(p_retry_seconds, 0)), candlewatch.back_off(v_task.attempt)
      )
    where t.id = p_task;
    return 'ready';
  end if;
  perform candlewatch.end_task(p_task, 'failed', null, p_reason);
  if v_task.kind = 'check' then
    perform candlewatch.decide_filter((v_task.payload ->> 'filter_id')::bigint, jsonb_build_object(
      'ok', false,
      'problems', jsonb_build_array(jsonb_build_object(
        'line', 1, 'column', 1, 'rule', 'check_failed',
        'message', 'the filter could not be checked: ' || p_reason, 'hint', 'try it again later'
      ))
    ));
  end if;
  return 'failed';
end
$$;
comment on function candlewatch.give_back_task(bigint, text, float8) is
  'Makes a leased task ready again, or failed when no attempts are left.';

-- sql/20_functions/guard_audit_log.sql
-- Keeps the audit log append-only: every update, delete and truncate is refused but the
-- retention's.
create or replace function candlewatch.guard_audit_log()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op <> 'DELETE' or coalesce(current_setting('candlewatch.engine', true), '') <> 'on' then
    perform candlewatch.refuse('CW006', 'the audit log is append-only',
      'candlewatch.prune_access alone removes what is older than its time');
  end if;
  return null;
end
$$;

comment on function candlewatch.guard_audit_log() is 'Trigger: the audit log is append-only.';

-- sql/20_functions/guard_engine_columns.sql
-- Refuses an edit of what functions alone write: states, counters. The functions that may write say
-- so in a setting for as long as they do; it keeps people from slips, grants keep users out
-- altogether.
create or replace function candlewatch.guard_engine_columns()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(current_setting('candlewatch.engine', true), '') <> 'on' then
    perform candlewatch.refuse('CW006',
      format('%s.%s is written by functions alone', tg_table_schema, tg_table_name),
      tg_argv[0]);
  end if;
  return coalesce(new, old);
end
$$;

comment on function candlewatch.guard_engine_columns() is
  'Trigger: refuses edits of what functions alone write; its argument is the hint.';

-- sql/20_functions/health.sql
-- Whether the system keeps up: "ok", "late" (candles are missing), "starting" (none yet) or
-- "stopped" (no tick for a minute), with the facts behind it.
create or replace function public.health()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select candlewatch.read_health()
$$;

comment on function public.health() is
  'Whether the system keeps up: ok, late, starting or stopped, and why.';

-- sql/20_functions/history.sql
-- What is stored of each timeframe: oldest and newest open time, and the open times of holes
-- between them, at most 100, newest first. Definer: the worker may call this and may not touch the
-- tables.
create or replace function worker.history(p_timeframes text[])
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(t.name, jsonb_build_object(
    'oldest', s.oldest, 'newest', s.newest, 'missing', m.missing
  )), '{}')
  from unnest(p_timeframes) as t (name)
  cross join lateral (
    select min(f.open_time) as oldest, max(f.open_time) as newest
    from candlewatch.frames as f
    where f.timeframe = t.name
  ) as s
  cross join lateral (
    select coalesce(jsonb_agg(h.open_time order by h.open_time desc), '[]') as missing
    from (
      select h.open_time
      from candlewatch.missing_frames(t.name, s.oldest, s.newest) as h (open_time)
      order by h.open_time desc
      limit 100
    ) as h
  ) as m
$$;
comment on function worker.history(text[]) is
  'Oldest and newest stored candle of timeframes, and the holes between them.';

-- sql/20_functions/hold_filters.sql
-- Makes filter rows for the present texts of traders where there are none, and holds them all until
-- the transaction ends, so that retention does not remove what is about to be bound; one that it
-- removed between the two steps is made again. Rows are made and held in the order of their hashes,
-- so that two callers with the same texts wait and never deadlock.
create or replace function candlewatch.hold_filters(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_hashes bytea[];
  v_held integer := -1;
begin
  select array_agg(distinct candlewatch.content_hash(t.timeframe, t.filter)) into v_hashes
  from public.traders as t
  where t.id = any (p_traders);
  while v_held < cardinality(v_hashes) loop
    insert into candlewatch.filters (content_hash, source, timeframe)
    select distinct on (h.content_hash) h.content_hash, t.filter, t.timeframe
    from public.traders as t
    cross join lateral (select candlewatch.content_hash(t.timeframe, t.filter)) as h (content_hash)
    where t.id = any (p_traders)
    order by h.content_hash
    on conflict (content_hash) do nothing;

    perform from candlewatch.filters as f
    where f.content_hash = any (v_hashes)
    order by f.content_hash
    for key share;
    get diagnostics v_held = row_count;
  end loop;
end
$$;

comment on function candlewatch.hold_filters(uuid[]) is
  'Makes the filter rows that traders need and holds them until they are bound.';

-- sql/20_functions/hold_task.sql
-- Locks a task for the holder of its lease. Returns 'held'; 'already' when this token ended it
-- before; 'fenced' for any other token and for a lease that is over.
create or replace function candlewatch.hold_task(
  p_token uuid,
  p_task bigint
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_task candlewatch.tasks;
begin
  select t.* into v_task from candlewatch.tasks as t where t.id = p_task for update;
  if not found or v_task.token is distinct from p_token then
    return 'fenced';
  elsif v_task.state = 'done' then
    return 'already';
  elsif v_task.state <> 'leased' or v_task.lease_until <= candlewatch.lease_clock() then
    return 'fenced';
  end if;
  return 'held';
end
$$;
comment on function candlewatch.hold_task(uuid, bigint) is
  'Whether a token holds a task: held, already (ended by it) or fenced. Locks the task.';

-- sql/20_functions/idempotency_key.sql
-- The key that a caller gave: as an argument, or as the header Idempotency-Key.
create or replace function candlewatch.idempotency_key(p_key text)
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(
    p_key,
    nullif(current_setting('request.headers', true), '')::jsonb ->> 'idempotency-key'
  )
$$;

comment on function candlewatch.idempotency_key(text) is
  'The idempotency key of the call: its argument, or the request''s header.';

-- sql/20_functions/insert_trader.sql
-- Inserts one trader as the caller, with the caller's rights, and says what the API says of it.
create or replace function candlewatch.insert_trader(
  p_name text,
  p_filter text,
  p_timeframe text,
  p_universe jsonb,
  p_enabled boolean,
  p_emit text,
  p_cooldown_candles integer,
  p_catch_up_candles integer
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_trader uuid;
begin
  insert into public.traders (
    name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles
  ) values (
    p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
    p_catch_up_candles
  )
  returning id into v_trader;
  return candlewatch.read_trader(v_trader);
end
$$;

comment on function candlewatch.insert_trader(
  text, text, text, jsonb, boolean, text, integer, integer
) is
  'Inserts one trader as the caller and says what the API says of it.';

-- sql/20_functions/is_unfinished.sql
-- Whether a slot of a candle before p_closes_at has not ended yet, or may still be enqueued. Nobody
-- catches up with more than 48 candles, so that nothing older can matter.
create or replace function candlewatch.is_unfinished(
  p_timeframe text,
  p_closes_at timestamptz
)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from monitor.dispatches as d
    where d.timeframe = p_timeframe and d.kind in ('scheduled', 'catch_up')
      and d.closes_at < p_closes_at
      and d.closes_at > p_closes_at - 100 * candlewatch.candle_length(p_timeframe)
      and (
        d.enqueued_at is null
        or d.due_count > d.done_count + d.skipped_count + d.failed_count + d.expired_count
      )
  )
$$;
comment on function candlewatch.is_unfinished(text, timestamptz) is
  'Whether a slot of an earlier candle of the timeframe is still open.';

-- sql/20_functions/judge_slots.sql
-- How each slot of a completion ends, judged under the locks on its traders' states: a trader that
-- is gone or stopped or now of another timeframe skips it, an edited filter or a missing or failed
-- result tries it again until its attempts are used up, a candle older than the trader's last one
-- expires, and the rest is done.
create or replace function candlewatch.judge_slots(
  p_token uuid,
  p_jobs bigint[],
  p_results jsonb
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  with result as materialized (
    select distinct r.dispatch, r.filter
    from jsonb_to_recordset(p_results -> 'filters') as r (dispatch bigint, filter bigint)
  ),
  failure as materialized (
    select r.dispatch, r.filter, max(r.reason) as reason
    from jsonb_to_recordset(p_results -> 'failed') as r (
      dispatch bigint, filter bigint, reason text
    )
    group by r.dispatch, r.filter
  ),
  slot as (
    select j.*, u.trader_id, u.filter_id, s.state, s.filter_id as filter_now,
      d.kind <> 'manual' and (
        m.last_candle_at >= d.candle_at
        or row_number() over (
          partition by u.trader_id, d.kind = 'manual', d.timeframe order by d.candle_at desc
        ) > 1
      ) as is_late,
      n.timeframe <> d.timeframe as is_foreign,
      r.filter is not null as has_result,
      case when f.filter is not null then coalesce(f.reason, '') end as failure,
      j.attempt >= c.attempts_limit as is_last
    from candlewatch.leased as j
    cross join candlewatch.settings as c
    cross join lateral unnest(j.trader_ids, j.filter_ids) as u (trader_id, filter_id)
    join candlewatch.dispatches as d on d.id = j.dispatch_id
    left join public.trader_states as s on s.trader_id = u.trader_id
    left join candlewatch.trader_memory as m on m.trader_id = u.trader_id
    left join candlewatch.filters as n on n.id = s.filter_id
    left join result as r on r.dispatch = j.dispatch_id and r.filter = u.filter_id
    left join failure as f on f.dispatch = j.dispatch_id and f.filter = u.filter_id
    where j.token = p_token and j.id = any (p_jobs)
  )
  select array_agg(row(
    s.id, s.account_id, s.dispatch_id, s.trader_id, s.filter_id, s.tag, s.attempt, s.lapses, s.cost,
    v.outcome, v.reason
  )::candlewatch.verdict)
  from slot as s
  cross join lateral candlewatch.verdict_on(
    s.state, s.is_foreign, s.is_late, s.filter_id is distinct from s.filter_now, s.failure,
    s.has_result, s.is_last
  ) as v
$$;
comment on function candlewatch.judge_slots(uuid, bigint[], jsonb) is
  'How each slot of a completion ends, and why.';

-- sql/20_functions/lease_jobs.sql
-- Moves jobs of tenants that a claim has locked from ready to leased: from each at most its room,
-- from its first tag on; of those the first p_limit in tag order within p_cost_limit (at least
-- one). Jobs of superseded dispatches are left to expire. A job whose workers were lost before is
-- taken alone or not at all. A job is deleted where it was just read, by its place on disk: only
-- who holds its tenant's lock moves it. Counts the attempt and binds each slot to the filter that
-- its trader has now (null: it does not run). Returns the jobs taken by tenant.
create or replace function candlewatch.lease_jobs(
  p_token uuid,
  p_accounts uuid[],
  p_tags float8[],
  p_rooms integer[],
  p_limit integer,
  p_cost_limit float8
)
returns candlewatch.tenant_change[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_expiring bigint[] := array(select e.dispatch_id from candlewatch.expiries as e);
  v_lone_from smallint := (select s.lone_lapses_from from candlewatch.settings as s);
  v_changes candlewatch.tenant_change[];
begin
  with head as materialized (
    select j.place_on_disk, j.lapses >= v_lone_from as is_lone,
      row_number() over by_tag as place, sum(j.cost) over by_tag - j.cost as cost_before,
      first_value(j.lapses >= v_lone_from) over by_tag as first_is_lone
    from unnest(p_accounts, p_tags, p_rooms) as t (account_id, first_tag, room)
    cross join lateral (
      select r.ctid as place_on_disk, r.tag, r.id, r.lapses, r.cost
      from candlewatch.ready as r
      where r.account_id = t.account_id and r.tag >= t.first_tag
        and r.dispatch_id <> all (v_expiring)
      order by r.tag, r.id limit t.room
    ) as j
    window by_tag as (order by j.tag, j.id rows unbounded preceding)
  ),
  taken as (
    delete from candlewatch.ready as r
    using head as h
    where r.ctid = h.place_on_disk and h.place <= p_limit
      and (h.place = 1 or h.cost_before < p_cost_limit and not (h.is_lone or h.first_is_lone))
    returning r.*
  ),
  bound as (
    insert into candlewatch.leased (
      token, id, account_id, tag, dispatch_id, attempt, lapses, cost, trader_ids, filter_ids
    )
    select p_token, j.id, j.account_id, j.tag, j.dispatch_id, j.attempt + 1, j.lapses, j.cost,
      j.trader_ids,
      array(select (
        select s.filter_id from public.trader_states as s
        where s.trader_id = t and s.state = 'running'
      ) from unnest(j.trader_ids) as t)
    from taken as j
    returning account_id
  )
  select array_agg(row(b.account_id, -b.jobs, b.jobs, null, null)::candlewatch.tenant_change)
  into v_changes
  from (select b.account_id, count(*) as jobs from bound as b group by b.account_id) as b;
  return v_changes;
end
$$;
comment on function candlewatch.lease_jobs(uuid, uuid[], float8[], integer[], integer, float8) is
  'Moves jobs of locked tenants from ready to leased, in fair order, bound to their filters.';

-- sql/20_functions/lift_heads.sql
-- Lifts heads that lie below the floor of the walk to it: those of tenants that were enqueued by a
-- slow transaction while the floor moved on. After this every tenant with ready work and room is in
-- the walk.
create or replace function candlewatch.lift_heads()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_low uuid[];
begin
  select array_agg(l.account_id) into v_low
  from (
    select t.account_id
    from candlewatch.queue_state as q
    join candlewatch.seats as s on s.head_tag < q.floor_tag
    join candlewatch.tenants as t on t.account_id = s.account_id
    order by s.head_tag
    limit 1000
    for no key update of t skip locked
  ) as l;
  update candlewatch.seats as s
  set turn = s.turn + 1, head_tag = q.floor_tag
  from candlewatch.queue_state as q
  where s.account_id = any (v_low) and s.head_tag < q.floor_tag;
end
$$;
comment on function candlewatch.lift_heads() is
  'Lifts heads below the floor of the walk to it, so that no tenant is left behind.';

-- sql/20_functions/list_matches.sql
-- The symbols that slots report, less those inside a cooldown. Kept are at most the tier's signals per
-- trader and candle: those with the most 24 h volume first, then by position.
create or replace function candlewatch.list_matches(p_entries candlewatch.entry[])
returns setof candlewatch.match
language sql
stable
set search_path = ''
as $$
  select e.dispatch_id, e.trader_id, e.account_id, e.filter_id, e."values", d.timeframe,
    d.candle_at, s.position, s.symbol, a.shadow,
    row_number() over (
      partition by e.dispatch_id, e.trader_id order by s.quote_volume desc, s.position
    ) <= r.signals_per_candle
  from unnest(p_entries) as e
  join candlewatch.dispatches as d on d.id = e.dispatch_id
  join public.accounts as a on a.id = e.account_id
  join public.tiers as r on r.name = a.tier
  cross join lateral candlewatch.set_bits(e.entered) as b (position)
  join public.symbols as s on s.position = b.position
  where e.cooldown_candles = 0 or not exists (
    select from public.signals as g
    where g.trader_id = e.trader_id and g.symbol = s.symbol and g.timeframe = d.timeframe
      and g.candle_at < d.candle_at
      and g.candle_at >= d.candle_at
        - e.cooldown_candles * candlewatch.candle_length(d.timeframe)
  )
$$;
comment on function candlewatch.list_matches(candlewatch.entry[]) is
  'The symbols that slots report, with those to keep within the cap per candle.';

-- sql/20_functions/load_filters.sql
-- The texts of filters by their ids. Definer: the worker may call this and may not touch the
-- tables.
create or replace function worker.load_filters(p_ids bigint[])
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', f.id, 'source', f.source, 'timeframe', f.timeframe
  ) order by f.id), '[]')
  from candlewatch.filters as f
  where f.id = any (p_ids)
$$;
comment on function worker.load_filters(bigint[]) is 'The texts of filters by their ids.';

-- sql/20_functions/load_frames.sql
-- The frames of a timeframe from one open time to another, in order, as bytes for PostgREST to hand
-- out as they are: each as open time (int64 milliseconds), revision and number of positions
-- (int32), then the packed values; all big-endian. Definer: the worker may call this and may not
-- touch the tables.
create or replace function worker.load_frames(
  p_timeframe text,
  p_from timestamptz,
  p_to timestamptz
)
returns worker."application/octet-stream"
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(string_agg(
    candlewatch.bytes_of_time(f.open_time) || int4send(f.revision)
      || int4send(octet_length(f.packed) / 48) || f.packed,
    ''::bytea order by f.open_time
  ), '')
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time between p_from and p_to
$$;
comment on function worker.load_frames(text, timestamptz, timestamptz) is
  'The frames of a timeframe between two open times, as bytes.';

-- sql/20_functions/load_symbols.sql
-- The symbols by position and the revision of the list.
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.load_symbols()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'revision', (select r.revision from candlewatch.symbol_revision as r),
    'symbols', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'position', s.position,
        'symbol', s.symbol,
        'quote_asset', s.quote_asset,
        'trading', s.trading,
        'quote_volume', s.quote_volume
      ) order by s.position), '[]')
      from public.symbols as s
    )
  )
$$;
comment on function worker.load_symbols() is
  'The symbols by position, and the revision of the list.';

-- sql/20_functions/load_watch.sql
-- For each dispatch and filter that a token holds: the symbols, by position, on which a match would
-- be reported now, that is, those that some trader of it watches and has not matched already. A
-- worker sends values for these alone; the decision itself is the completion's. Definer: the worker
-- may call this and may not touch the tables.
create or replace function worker.load_watch(p_token uuid)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  with width as materialized (
    select coalesce(max(s.position), -1) + 1 as bits from public.symbols as s
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'dispatch', f.dispatch_id, 'filter', f.filter_id, 'watched', f.watched::bit varying::text
  )), '[]')
  from (
    select j.dispatch_id, s.filter_id, bit_or(
      candlewatch.fit_bits(u.bits, w.bits) & case t.emit
        when 'on_entry' then ~ candlewatch.fit_bits(m.matched, w.bits)
        else ~ candlewatch.fit_bits('', w.bits)
      end
    ) as watched
    from candlewatch.leased as j
    cross join width as w
    cross join lateral unnest(j.trader_ids, j.filter_ids) as s (trader_id, filter_id)
    join public.traders as t on t.id = s.trader_id
    join candlewatch.trader_memory as m on m.trader_id = s.trader_id
    join candlewatch.universes as u on u.id = m.universe_id
    where j.token = p_token and s.filter_id is not null
    group by j.dispatch_id, s.filter_id
  ) as f
$$;
comment on function worker.load_watch(uuid) is
  'Per filter that a token holds, the symbols on which a match would be reported now.';

-- sql/20_functions/lock_checked_filters.sql
-- Locks the filters of check tasks, in order, before anybody locks the tasks themselves: whoever
-- starts a trader holds its filter and then adds the task of its check.
create or replace function candlewatch.lock_checked_filters(p_tasks bigint[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from candlewatch.filters as f
  where f.id in (
    select (t.payload ->> 'filter_id')::bigint
    from candlewatch.tasks as t
    where t.id = any (p_tasks) and t.kind = 'check'
  )
  order by f.id
  for no key update;
end
$$;

comment on function candlewatch.lock_checked_filters(bigint[]) is
  'Locks the filters of check tasks, before the tasks.';

-- sql/20_functions/lock_source.sql
-- Locks and returns the row of a source of market data; a new source gets one.
create or replace function candlewatch.lock_source(p_source text)
returns candlewatch.exchange_states
language plpgsql
set search_path = ''
as $$
declare
  v_state candlewatch.exchange_states;
begin
  loop
    select s.* into v_state
    from candlewatch.exchange_states as s
    where s.source = p_source
    for update;
    exit when found;
    insert into candlewatch.exchange_states (source, minute_at, changed_at)
    values (p_source, date_trunc('minute', candlewatch.lease_clock()), candlewatch.lease_clock())
    on conflict (source) do nothing;
  end loop;
  return v_state;
end
$$;
comment on function candlewatch.lock_source(text) is
  'Locks and returns the row of a source of market data; a new one gets a row.';

-- sql/20_functions/lock_states.sql
-- Locks the states of the traders of these jobs, in the order of their ids. Stopping, editing and
-- deleting a trader take the same rows: what they committed before this is seen, and what comes
-- later waits. Before that the traders which may get signals (their filter matched something) are
-- locked for the foreign key of signals: deleting a trader locks it before its state.
create or replace function candlewatch.lock_states(
  p_token uuid,
  p_jobs bigint[],
  p_results jsonb default '{}'
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_matched uuid[];
begin
  select array_agg(t.trader_id), array_agg(t.trader_id) filter (where r.filter is not null)
  into v_traders, v_matched
  from candlewatch.leased as j
  cross join lateral unnest(j.trader_ids, j.filter_ids) as t (trader_id, filter_id)
  left join (
    select r.dispatch, r.filter
    from jsonb_to_recordset(p_results -> 'filters') as r (
      dispatch bigint, filter bigint, "true" text
    )
    where strpos(r."true", '1') > 0
  ) as r on r.dispatch = j.dispatch_id and r.filter = t.filter_id
  where j.token = p_token and j.id = any (p_jobs);

  perform from public.traders as t
  where t.id = any (v_matched)
  order by t.id
  for key share;
  perform from public.trader_states as s
  where s.trader_id = any (v_traders)
  order by s.trader_id
  for no key update;
end
$$;
comment on function candlewatch.lock_states(uuid, bigint[], jsonb) is
  'Locks the states of the traders of a token''s jobs, in order.';

-- sql/20_functions/lock_tenants.sql
-- Locks tenants in one order, whoever asks, so that verbs wait for each other and never deadlock.
create or replace function candlewatch.lock_tenants(p_accounts uuid[])
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  perform from candlewatch.tenants as t
  where t.account_id = any (p_accounts)
  order by t.account_id
  for no key update;
end
$$;
comment on function candlewatch.lock_tenants(uuid[]) is 'Locks tenants in the order of their ids.';

-- sql/20_functions/lock_user.sql
-- Before a user is deleted: locks what goes with it, in the order that everybody keeps (traders, the
-- account, states, the tenant), since the deletions that follow by foreign keys begin with the
-- account and take traders as they come. Definer: who deletes users may not touch these.
create or replace function candlewatch.lock_user()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.traders as t where t.account_id = old.id order by t.id for update;
  perform from public.accounts as a where a.id = old.id for update;
  perform from public.trader_states as s
  where s.account_id = old.id
  order by s.trader_id
  for update;
  perform candlewatch.lock_tenants(array[old.id]);
  return old;
end
$$;

comment on function candlewatch.lock_user() is
  'Trigger: before a user is deleted, what goes with it is locked in everybody''s order.';

-- sql/20_functions/mark_absent.sql
-- Marks the unknown candles of frames as absent: the exchange was asked for them long after their
-- close and has none. Repair leaves them alone from then on; monitor.gaps shows them. A frame that
-- changes loses its mark. Definer: the worker may call this and may not touch the tables.
create or replace function worker.mark_absent(
  p_timeframe text,
  p_open_times timestamptz[]
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  update candlewatch.frames as f
  set absent_count = f.absent_count + f.unknown_count, unknown_count = 0
  where f.timeframe = p_timeframe and f.open_time = any(p_open_times) and f.unknown_count > 0;
  get diagnostics v_count = row_count;
  return jsonb_build_object('marked', v_count);
end
$$;
comment on function worker.mark_absent(text, timestamptz[]) is
  'Marks unknown candles of frames as absent at the exchange: they are not asked for again.';

-- sql/20_functions/merge_symbols.sql
-- Merges the exchange's list into symbols under the lock on its revision. Returns how many rows
-- changed.
create or replace function candlewatch.merge_symbols(p_symbols jsonb)
returns integer
language sql
volatile
set search_path = ''
as $$
  with listed as materialized (
    select distinct on (e.value ->> 'symbol')
      e.value ->> 'symbol' as symbol,
      coalesce(e.value ->> 'base_asset', '') as base_asset,
      coalesce(e.value ->> 'quote_asset', '') as quote_asset,
      coalesce((e.value ->> 'trading')::boolean, false) as trading,
      coalesce((e.value ->> 'quote_volume')::float8, 0) as quote_volume,
      e.place
    from jsonb_array_elements(p_symbols) with ordinality as e (value, place)
    order by e.value ->> 'symbol', e.place
  ),
  merged as (
    insert into public.symbols as s (
      position, symbol, base_asset, quote_asset, trading, quote_volume, listed_at, changed_at
    )
    select
      coalesce(k.position, (select coalesce(max(x.position), -1) from public.symbols as x)
        + count(*) filter (where k.position is null) over (order by l.place)),
      l.symbol, l.base_asset, l.quote_asset, l.trading, l.quote_volume, candlewatch.now(),
      candlewatch.now()
    from listed as l
    left join public.symbols as k on k.symbol = l.symbol
    on conflict (symbol) do update
      set base_asset = excluded.base_asset, quote_asset = excluded.quote_asset,
        trading = excluded.trading, quote_volume = excluded.quote_volume,
        changed_at = excluded.changed_at
      where (s.base_asset, s.quote_asset, s.trading, s.quote_volume) is distinct from
        (excluded.base_asset, excluded.quote_asset, excluded.trading, excluded.quote_volume)
    returning 1
  ),
  stopped as (
    update public.symbols as s
    set trading = false, changed_at = candlewatch.now()
    where s.trading and not exists (select from listed as l where l.symbol = s.symbol)
    returning 1
  )
  select ((select count(*) from merged) + (select count(*) from stopped))::integer
$$;
comment on function candlewatch.merge_symbols(jsonb) is
  'Merges the exchange''s list into symbols; returns how many rows changed.';

-- sql/20_functions/metrics.sql
-- Every figure of the system for monitoring, sorted by name and labels; none tells of one tenant.
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.metrics()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
      jsonb_build_object('name', f.name, 'labels', f.labels, 'value', f.value)
      order by f.name, f.labels
    )
    from monitor.figures as f
  );
end
$$;
comment on function worker.metrics() is
  'Every figure of the system with its labels: queue, candles, functions, schedules.';

-- sql/20_functions/missing_frames.sql
-- Open times from p_from to p_to, both included, of which no frame is stored.
create or replace function candlewatch.missing_frames(
  p_timeframe text,
  p_from timestamptz,
  p_to timestamptz
)
returns setof timestamptz
language sql
stable
set search_path = ''
as $$
  select g.open_time
  from generate_series(p_from, p_to, candlewatch.candle_length(p_timeframe)) as g (open_time)
  where not exists (
    select from candlewatch.frames as f
    where f.timeframe = p_timeframe and f.open_time = g.open_time
  )
$$;
comment on function candlewatch.missing_frames(text, timestamptz, timestamptz) is
  'Open times in a range of which no frame is stored.';

-- sql/20_functions/move_to_catch_up.sql
-- Moves slots that were about to expire with their superseded dispatch into the catch_up dispatch
-- of their candle, where their traders catch up with that many; each becomes ready again there, and
-- is due there instead. Returns the rest.
create or replace function candlewatch.move_to_catch_up(p_slots candlewatch.verdict[])
returns candlewatch.verdict[]
language plpgsql
set search_path = ''
as $$
declare
  v_from candlewatch.dispatches;
  v_to bigint;
  v_traders uuid[];
begin
  select d.* into v_from
  from candlewatch.dispatches as d
  where d.id = (p_slots[1]).dispatch_id and d.kind = 'scheduled';
  select array_agg(t.id) into v_traders
  from unnest(p_slots) as s
  join public.traders as t on t.id = s.trader_id
  where s.outcome = 'expired' and t.catch_up_candles > 0
    and t.catch_up_candles >= candlewatch.candles_after(v_from.timeframe, v_from.candle_at);
  if v_from.id is null or v_traders is null then
    return p_slots;
  end if;
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, enqueued_at
  )
  values (v_from.timeframe, v_from.candle_at, v_from.closes_at, 'catch_up', v_from.revision,
    candlewatch.now(), candlewatch.now())
  on conflict do nothing;
  select d.id into v_to
  from candlewatch.dispatches as d
  where d.timeframe = v_from.timeframe and d.candle_at = v_from.candle_at and d.kind = 'catch_up';
  insert into candlewatch.tallies (dispatch_id, due_count)
  values (v_to, cardinality(v_traders)), (v_from.id, -cardinality(v_traders));
  perform candlewatch.add_jobs(array_agg(row(
    null, s.account_id, v_to, s.trader_id, null, null, 0, 0, s.cost, null, null
  )::candlewatch.verdict))
  from unnest(p_slots) as s
  where s.trader_id = any (v_traders);
  return array(select s from unnest(p_slots) as s where s.trader_id <> all (v_traders));
end
$$;
comment on function candlewatch.move_to_catch_up(candlewatch.verdict[]) is
  'Moves slots of a superseded dispatch to the catch_up of their candle; returns the rest.';

-- sql/20_functions/needed_timeframes.sql
-- The timeframes that traders which run or start need, with the most candles that one of them asks
-- for: the filters' own and those that they reach with at().
create or replace function candlewatch.needed_timeframes(
  out timeframe text,
  out candles integer
)
returns setof record
language sql
stable
set search_path = ''
as $$
  select n.timeframe, max(n.candles)::integer
  from candlewatch.filters as f
  cross join lateral (
    select f.timeframe, 1 as candles
    union all
    select e.key, e.value::integer from jsonb_each_text(f.needs) as e
  ) as n (timeframe, candles)
  where exists (
    select from public.trader_states as s
    where s.filter_id = f.id and s.state in ('running', 'starting')
  )
  and n.timeframe in (select t.name from candlewatch.timeframes as t)
  group by n.timeframe
$$;
comment on function candlewatch.needed_timeframes() is
  'Timeframes that running and starting traders need, and how many candles of each.';

-- sql/20_functions/next_slots.sql
-- The next slots of a dispatch that is being enqueued, by tenant and trader, with their cost: the
-- filter's cost per hundred symbols of the trader's universe, at least one symbol. Where a catch_up
-- dispatch of the same candle exists, traders that catch up are in that one and in no other. Slots
-- that come too late have their outcome already.
create or replace function candlewatch.next_slots(
  p_enqueue candlewatch.enqueues,
  p_limit integer
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  with dispatch as materialized (
    select d.*, d.kind = 'catch_up' as is_catch_up,
      exists (
        select from candlewatch.dispatches as c
        where c.timeframe = d.timeframe and c.candle_at = d.candle_at and c.kind = 'catch_up'
      ) as is_split,
      candlewatch.candles_after(d.timeframe, d.candle_at) as newer
    from candlewatch.dispatches as d
    where d.id = p_enqueue.dispatch_id
  )
  select array_agg(row(
    null, n.account_id, p_enqueue.dispatch_id, n.trader_id, null, null, 0, 0, n.cost,
    case when n.reason is not null then 'expired' end, n.reason
  )::candlewatch.verdict order by n.account_id, n.trader_id)
  from (
    select s.account_id, s.trader_id,
      f.cost * greatest(coalesce(bit_count(u.bits), 100), 1) / 100 as cost,
      case
        when d.superseded_at is not null and d.is_catch_up then
          'the candle was missed and could not be fetched in time'
        when d.superseded_at is not null then
          'a newer candle closed before this one was enqueued'
        when d.is_catch_up and greatest(t.catch_up_candles, 1) < d.newer then
          'more candles were missed than the trader catches up with'
      end as reason
    from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    join dispatch as d on d.timeframe = f.timeframe
    left join lateral (
      select w.catch_up_candles from public.traders as w where w.id = s.trader_id and d.is_split
    ) as t on true
    left join candlewatch.trader_memory as m on m.trader_id = s.trader_id
    left join candlewatch.universes as u on u.id = m.universe_id
    where s.state = 'running'
      and (s.account_id, s.trader_id) > (p_enqueue.after_account_id, p_enqueue.after_trader_id)
      and (not d.is_split or (t.catch_up_candles > 0) = d.is_catch_up)
      and (
        not d.is_catch_up or t.catch_up_candles >= d.candles_behind
        and (s.changed_at <= d.closes_at or d.candles_behind = 0)
      )
    order by s.account_id, s.trader_id
    limit p_limit
  ) as n
$$;
comment on function candlewatch.next_slots(candlewatch.enqueues, integer) is
  'The next slots of a dispatch that is being enqueued, in order.';

-- sql/20_functions/note_wake.sql
-- Notes a wake, unless the function was woken a moment ago or somebody notes one right now. Returns
-- whether to send.
create or replace function candlewatch.note_wake(
  p_function text,
  p_count integer
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform from candlewatch.functions as f where f.name = p_function for update skip locked;
  if not found then
    return false;
  end if;
  update candlewatch.functions as f
  set woken_at = clock_timestamp(), woken_count = f.woken_count + p_count
  where f.name = p_function
    and (
      f.woken_at is null
      or f.woken_at > clock_timestamp()
      or f.woken_at + make_interval(secs => f.debounce_seconds) <= clock_timestamp()
    );
  return found;
end
$$;
comment on function candlewatch.note_wake(text, integer) is
  'Notes a wake, at most one in the function''s debounce time.';

-- sql/20_functions/open_catch_ups.sql
-- Opens the catch_up dispatches whose turn it is: of each timeframe the oldest, when every slot of
-- the candles before it has ended, its frame is there and no history that it may look back on is
-- still being fetched. One that waited too long is opened as superseded: its slots expire. Returns
-- how many were opened.
create or replace function candlewatch.open_catch_ups()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_waiting record;
  v_count integer := 0;
begin
  for v_waiting in
    select d.id, f.revision, d.created_at < candlewatch.now() - c.catch_up_patience as is_late,
      exists (
        select from candlewatch.tasks as t
        where t.kind = 'backfill' and t.ended_at is null
          and (t.payload ->> 'from')::timestamptz <= d.closes_at
          and (t.payload ->> 'to')::timestamptz
            >= d.candle_at - c.first_history_candles * candlewatch.candle_length(d.timeframe)
      ) as is_fetching
    from candlewatch.dispatches as d
    cross join candlewatch.settings as c
    left join candlewatch.frames as f on f.timeframe = d.timeframe and f.open_time = d.candle_at
    where d.kind = 'catch_up' and d.enqueued_at is null
      and not exists (select from candlewatch.enqueues as e where e.dispatch_id = d.id)
      and not candlewatch.is_unfinished(d.timeframe, d.closes_at)
  loop
    continue when (v_waiting.revision is null or v_waiting.is_fetching) and not v_waiting.is_late;
    update candlewatch.dispatches as d
    set revision = coalesce(v_waiting.revision, 0),
      superseded_at = case when v_waiting.revision is null then candlewatch.now() end
    where d.id = v_waiting.id;
    insert into candlewatch.enqueues (dispatch_id) values (v_waiting.id);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.open_catch_ups() is
  'Opens the catch_up dispatches whose turn has come.';

-- sql/20_functions/open_cost.sql
-- The likely cost of dispatches whose slots are no jobs yet: as many slots as the timeframe's last
-- scheduled dispatch had, each as costly as those of the last runs of evaluate (1 before there were
-- any). An estimate for wakes alone; it reads a few rows.
create or replace function candlewatch.open_cost()
returns float8
language sql
stable
set search_path = ''
as $$
  select coalesce(sum(b.due_count), 0) * coalesce((
    select sum((r.counts ->> 'cost')::float8) / nullif(sum((r.counts ->> 'done')::float8), 0)
    from (
      select x.counts
      from candlewatch.runs as x
      where x.function_name = 'evaluate' and x.counts ? 'done'
      order by x.started_at desc
      limit 20
    ) as r
  ), 1)
  from (select e.dispatch_id from candlewatch.enqueues as e limit 100) as e
  join candlewatch.dispatches as d on d.id = e.dispatch_id
  cross join lateral (
    select p.due_count
    from candlewatch.dispatches as p
    where p.timeframe = d.timeframe and p.closes_at < d.closes_at and p.kind = 'scheduled'
    order by p.closes_at desc
    limit 1
  ) as b
$$;
comment on function candlewatch.open_cost() is
  'The likely cost of slots that are no jobs yet, judged by the last close; for wakes.';

-- sql/20_functions/owns.sql
-- Whether the caller may act for an account: it is theirs, or they are an operator, that is, a role
-- that row level security lets pass anyway. A missing user id is nobody, not a trusted caller.
create or replace function candlewatch.owns(p_account uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce(p_account = (select auth.uid()), false)
    or coalesce(
      (
        select r.rolbypassrls or r.rolsuper
        from pg_catalog.pg_roles as r
        where r.rolname = candlewatch.caller_role()
      ),
      false
    )
$$;

comment on function candlewatch.owns(uuid) is
  'Whether the caller is the account''s user, or an operator.';

-- sql/20_functions/plan_catch_up.sql
-- Makes the catch_up dispatches that a new candle asks for, when candles before it were missed or
-- have slots that have not ended: one for each missed candle that somebody wants, and one for the
-- candle itself, so that those who catch up see it after the others. None is enqueued yet.
create or replace function candlewatch.plan_catch_up(
  p_timeframe text,
  p_last timestamptz,
  p_candle_at timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_length interval := candlewatch.candle_length(p_timeframe);
  v_most integer;
begin
  select max(t.catch_up_candles) into v_most
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id and s.state = 'running'
  where t.timeframe = p_timeframe and t.catch_up_candles > 0;
  if v_most is null or p_last is null or p_last = p_candle_at - v_length
    and not candlewatch.is_unfinished(p_timeframe, p_candle_at + v_length)
  then
    return;
  end if;
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, candles_behind
  )
  select p_timeframe, m.candle_at, m.candle_at + v_length, 'catch_up', 0, candlewatch.now(),
    row_number() over (order by m.candle_at desc) - 1
  from generate_series(
    greatest(p_last + v_length, p_candle_at - v_most * v_length), p_candle_at, v_length
  ) as m (candle_at)
  on conflict do nothing;
end
$$;
comment on function candlewatch.plan_catch_up(text, timestamptz, timestamptz) is
  'Makes dispatches for traders that catch up with missed candles.';

-- sql/20_functions/plan_history.sql
-- Adds backfill tasks for history that traders need and that is not stored: first the newest 500
-- candles of each needed timeframe, then deeper in chunks, the shallower first. A chunk is planned
-- while any frame of it is missing and no task for it is open or was done within the hour. Returns
-- how many were added.
create or replace function candlewatch.plan_history()
returns integer
language sql
volatile
set search_path = ''
as $$
  with wanted as materialized (
    select n.timeframe, c.first_candle, c.last_candle,
      candlewatch.candle_start(n.timeframe, candlewatch.market_now()) as newest,
      candlewatch.candle_length(n.timeframe) as length
    from candlewatch.needed_timeframes() as n
    cross join candlewatch.settings as s
    cross join lateral (
      select 1, s.first_history_candles
      union all
      select g.first, least(g.first + s.history_chunk_candles - 1, s.deep_history_candles)
      from generate_series(
        s.first_history_candles + 1, s.deep_history_candles, s.history_chunk_candles
      ) as g (first)
    ) as c (first_candle, last_candle)
    where exists (select from public.symbols as x where x.trading)
  ),
  missing as (
    select w.timeframe, w.first_candle, min(m.open_time) as since, max(m.open_time) as until
    from wanted as w
    cross join lateral candlewatch.missing_frames(
      w.timeframe, w.newest - w.last_candle * w.length,
      w.newest - greatest(w.first_candle, 2) * w.length
    ) as m (open_time)
    group by w.timeframe, w.first_candle
  )
  select count(candlewatch.add_task(
    'backfill',
    format('%s %s %s %s', m.timeframe, m.since, m.until,
      date_trunc('hour', candlewatch.lease_clock())),
    jsonb_build_object('timeframe', m.timeframe, 'from', m.since, 'to', m.until),
    least(m.first_candle, 30000)
  ))::integer
  from missing as m
  where not exists (
    select from candlewatch.tasks as t
    where t.kind = 'backfill'
      and t.payload ->> 'timeframe' = m.timeframe
      and (t.payload ->> 'from')::timestamptz <= m.until
      and (t.payload ->> 'to')::timestamptz >= m.since
      and (t.ended_at is null or t.ended_at > candlewatch.lease_clock() - interval '1 hour')
  )
$$;
comment on function candlewatch.plan_history() is
  'Adds backfill tasks for history that traders need and that is not stored.';

-- sql/20_functions/plan_ingest.sql
-- Adds the ingest task of the newest close, if traders need it and it was not added yet: the
-- shortest needed timeframe is fetched, the longer ones that close with it are derived. Older
-- ingest tasks that nobody holds expire: after an outage the newest candle alone is caught up with.
-- Returns whether one was added.
create or replace function candlewatch.plan_ingest()
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_base text;
  v_closes_at timestamptz;
  v_timeframes jsonb;
  v_key text;
begin
  select n.timeframe into v_base
  from candlewatch.needed_timeframes() as n
  join candlewatch.timeframes as t on t.name = n.timeframe
  where exists (select from public.symbols as s where s.trading)
  order by t.length_ms
  limit 1;
  if not found then
    return false;
  end if;
  v_closes_at := candlewatch.candle_start(v_base, candlewatch.market_now());
  v_key := to_char(v_closes_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  if exists (select from candlewatch.tasks as t where t.kind = 'ingest' and t.key = v_key) then
    return false;
  end if;
  update candlewatch.tasks as t
  set state = 'expired', ended_at = candlewatch.lease_clock(), lease_until = null,
    reason = 'a newer candle closed before this one was fetched'
  where t.kind = 'ingest' and t.state = 'ready';
  select jsonb_agg(n.timeframe order by t.length_ms) into v_timeframes
  from candlewatch.needed_timeframes() as n
  join candlewatch.timeframes as t on t.name = n.timeframe
  where candlewatch.candle_start(n.timeframe, v_closes_at) = v_closes_at;
  perform candlewatch.add_task('ingest', v_key, jsonb_build_object(
    'closes_at', v_closes_at, 'base', v_base, 'timeframes', v_timeframes
  ), 0, 100);
  return true;
end
$$;
comment on function candlewatch.plan_ingest() is
  'Adds the ingest task of the newest close, if traders need it.';

-- sql/20_functions/plan_listings.sql
-- Adds a backfill task for each timeframe of which frames are stored: symbols began to trade, and
-- their history before is fetched into the frames that were stored without them. Once for each
-- revision of the list. Returns how many were added.
create or replace function candlewatch.plan_listings(p_revision bigint)
returns integer
language sql
volatile
set search_path = ''
as $$
  select count(candlewatch.add_task(
    'backfill',
    format('listing %s %s', h.timeframe, p_revision),
    jsonb_build_object('timeframe', h.timeframe, 'from', h.since, 'to', h.until),
    800
  ))::integer
  from (
    select f.timeframe, min(f.open_time) as since, max(f.open_time) as until
    from candlewatch.frames as f
    cross join candlewatch.settings as s
    where f.open_time >= candlewatch.candle_start(f.timeframe, candlewatch.market_now())
      - s.deep_history_candles * candlewatch.candle_length(f.timeframe)
    group by f.timeframe
  ) as h
$$;
comment on function candlewatch.plan_listings(bigint) is
  'Adds backfill tasks for the history of symbols that began to trade.';

-- sql/20_functions/plan_repair.sql
-- Adds a backfill task for the frames of each needed timeframe that do not know candles of trading
-- symbols (they came late, or an answer had a gap), once for such frames' content and hour. What
-- the exchange does not have is marked by then, and not asked for again. Returns how many.
create or replace function candlewatch.plan_repair()
returns integer
language sql
volatile
set search_path = ''
as $$
  select count(candlewatch.add_task(
    'backfill',
    format('repair %s %s %s %s', r.timeframe, r.until, r.revisions,
      date_trunc('hour', candlewatch.market_now(), 'UTC')),
    jsonb_build_object('timeframe', r.timeframe, 'from', r.since, 'to', r.until),
    1000
  ))::integer
  from (
    select f.timeframe, min(f.open_time) as since, max(f.open_time) as until,
      sum(f.revision) as revisions
    from candlewatch.needed_timeframes() as n
    cross join candlewatch.settings as s
    join candlewatch.frames as f
      on f.timeframe = n.timeframe
      and f.unknown_count > 0
      and f.open_time < candlewatch.candle_start(n.timeframe, candlewatch.market_now())
      and f.open_time >= candlewatch.candle_start(n.timeframe, candlewatch.market_now())
        - s.deep_history_candles * candlewatch.candle_length(n.timeframe)
    group by f.timeframe
  ) as r
$$;
comment on function candlewatch.plan_repair() is
  'Adds backfill tasks for new frames that lack candles of trading symbols.';

-- sql/20_functions/plan_universe.sql
-- Adds the refresh of the exchange's list of symbols for this hour, before everything else.
create or replace function candlewatch.plan_universe()
returns bigint
language sql
volatile
set search_path = ''
as $$
  select candlewatch.add_task(
    'universe', to_char(candlewatch.lease_clock() at time zone 'UTC', 'YYYY-MM-DD"T"HH24'), '{}', -10
  )
$$;
comment on function candlewatch.plan_universe() is
  'Adds this hour''s refresh of the exchange''s list of symbols.';

-- sql/20_functions/prepare_partitions.sql
-- Makes this and next month's partitions of the signals, and today's and tomorrow's of the logs, in
-- the order in which a completion writes to them. The tick calls it; add_partition costs a look at
-- the catalog where the partition is there.
create or replace function candlewatch.prepare_partitions()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_day interval;
  v_days interval[] := array[interval '0', interval '1 day'];
begin
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'public.signals', candlewatch.market_now() + 10 * v_day, 'month');
  end loop;
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'candlewatch.slot_outcomes', candlewatch.lease_clock() + v_day, 'day');
  end loop;
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'candlewatch.lease_log', candlewatch.lease_clock() + v_day, 'day');
  end loop;
end
$$;
comment on function candlewatch.prepare_partitions() is
  'Makes the partitions that the coming day needs.';

-- sql/20_functions/problem_sentence.sql
-- The first problem of a refused filter as its owner reads it: where, what, and what to do.
create or replace function candlewatch.problem_sentence(p_problems jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select format(
    'line %s, column %s: %s%s%s',
    coalesce(p.first ->> 'line', '1'),
    coalesce(p.first ->> 'column', '1'),
    coalesce(p.first ->> 'message', 'the filter was refused'),
    coalesce(' (' || nullif(p.first ->> 'hint', '') || ')', ''),
    case when p.problem_count > 1 then format('; and %s more', p.problem_count - 1) else '' end
  )
  from (
    select coalesce(p_problems -> 0, '{}') as first, jsonb_array_length(p_problems) as problem_count
  ) as p
$$;

comment on function candlewatch.problem_sentence(jsonb) is
  'The first problem of a refused filter as a sentence with line and column.';

-- sql/20_functions/prune.sql
-- Removes what is past its time: partitions whole, rows of small tables up to p_limit each, and the
-- logs that pg_cron and pg_net would keep. Returns how many partitions and rows went.
create or replace function candlewatch.prune(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
  v_now timestamptz := candlewatch.lease_clock();
  v_count integer;
begin
  select s.* into v_settings from candlewatch.settings as s;
  v_count := candlewatch.drop_partitions(
      'public.signals', candlewatch.market_now() - v_settings.signals_kept
    )
    + candlewatch.drop_partitions('candlewatch.lease_log', v_now - v_settings.history_kept)
    + candlewatch.drop_partitions('candlewatch.slot_outcomes', v_now - v_settings.history_kept)
    + candlewatch.prune_frames(p_limit)
    + candlewatch.prune_history(v_now - v_settings.history_kept, p_limit)
    + candlewatch.prune_filters(v_now - v_settings.history_kept, p_limit)
    + candlewatch.prune_logs(v_now - v_settings.log_kept, p_limit)
    + candlewatch.prune_access(p_limit);
  return v_count;
end
$$;
comment on function candlewatch.prune(integer) is
  'Removes what is past its time, bounded: partitions whole, rows in small numbers.';

-- sql/20_functions/prune_access.sql
-- Removes what is past its time, at most so many rows of each: audit entries after 400 days,
-- idempotency keys after a day, buckets after a day of silence. Called by the tick's retention.
create or replace function candlewatch.prune_access(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  perform set_config('candlewatch.engine', 'on', true);
  with old_entries as (
    delete from candlewatch.audit_log as l
    where l.id in (
      select x.id from candlewatch.audit_log as x
      where x.at < candlewatch.now() - interval '400 days' order by x.at limit p_limit
    )
    returning 1
  ), old_keys as (
    delete from candlewatch.idempotency_keys as k
    where (k.account_id, k.key) in (
      select x.account_id, x.key from candlewatch.idempotency_keys as x
      where x.created_at < candlewatch.now() - interval '1 day' order by x.created_at limit p_limit
    )
    returning 1
  ), old_buckets as (
    delete from candlewatch.call_buckets as b
    where b.account_id in (
      select x.account_id from candlewatch.call_buckets as x
      where x.filled_at < candlewatch.now() - interval '1 day' limit p_limit
    )
    returning 1
  )
  select ((select count(*) from old_entries) + (select count(*) from old_keys)
    + (select count(*) from old_buckets))::integer
  into v_count;
  perform set_config('candlewatch.engine', '', true);
  return v_count;
end
$$;

comment on function candlewatch.prune_access(integer) is
  'Removes audit entries, idempotency keys and call buckets that are past their time.';

-- sql/20_functions/prune_filters.sql
-- Removes filters that no trader has had since p_before, at most p_limit, and marks those that none
-- has now: a filter stays for as long as a lease or a changed mind may want it. Takes only rows that
-- nobody holds; whoever binds a trader to a filter holds it (adopt_filters), and whoever comes after
-- the lock here waits and makes the row anew. The last look is a statement of its own, so that it
-- sees what was bound before the lock.
create or replace function candlewatch.prune_filters(
  p_before timestamptz,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_old bigint[];
  v_count integer;
begin
  update candlewatch.filters as f
  set unused_since = null
  where f.unused_since is not null
    and exists (select from public.trader_states as s where s.filter_id = f.id);

  with unused as materialized (
    select f.id
    from candlewatch.filters as f
    where f.unused_since is null
      and not exists (select from public.trader_states as s where s.filter_id = f.id)
    limit p_limit
    for no key update skip locked
  )
  update candlewatch.filters as f
  set unused_since = candlewatch.lease_clock()
  from unused as u
  where f.id = u.id;

  select array_agg(f.id) into v_old
  from (
    select x.id
    from candlewatch.filters as x
    where x.unused_since < p_before
    order by x.unused_since
    limit p_limit
    for update skip locked
  ) as f;
  delete from candlewatch.filters as f
  where f.id = any (v_old)
    and not exists (select from public.trader_states as s where s.filter_id = f.id);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function candlewatch.prune_filters(timestamptz, integer) is
  'Marks filters that no trader has, and removes those that none has had for long.';

-- sql/20_functions/prune_frames.sql
-- Removes frames beyond those that are kept of their timeframe, oldest first, up to p_limit of
-- each.
create or replace function candlewatch.prune_frames(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from candlewatch.frames as f
  using (
    select o.timeframe, o.open_time
    from candlewatch.timeframes as t
    cross join lateral (
      select x.timeframe, x.open_time
      from candlewatch.frames as x
      where x.timeframe = t.name
        and x.open_time < candlewatch.candle_start(t.name, candlewatch.market_now())
          - t.kept_count * candlewatch.candle_length(t.name)
      order by x.open_time
      limit p_limit
    ) as o
  ) as o
  where f.timeframe = o.timeframe and f.open_time = o.open_time;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.prune_frames(integer) is
  'Removes the oldest frames beyond those that are kept.';

-- sql/20_functions/prune_history.sql
-- Removes dispatches, tasks, runs, findings and left-over rows of the logs that ended before
-- p_before, up to p_limit rows of each.
create or replace function candlewatch.prune_history(
  p_before timestamptz,
  p_limit integer
)
returns integer
language sql
volatile
set search_path = ''
as $$
  with dispatch as (
    delete from candlewatch.dispatches as d
    where d.id in (
      select x.id from candlewatch.dispatches as x
      where x.created_at < p_before and x.closes_at < (
          select max(n.closes_at) from candlewatch.dispatches as n where n.timeframe = x.timeframe
        )
        and x.done_count + x.skipped_count + x.failed_count + x.expired_count = x.due_count
      order by x.closes_at limit p_limit
    )
    returning 1
  ),
  task as (
    delete from candlewatch.tasks as t
    where t.id in (
      select x.id from candlewatch.tasks as x
      where x.ended_at < p_before order by x.ended_at limit p_limit
    )
    returning 1
  ),
  run as (
    delete from candlewatch.runs as r
    where r.id in (
      select x.id from candlewatch.runs as x
      where x.started_at < p_before order by x.started_at limit p_limit
    )
    returning 1
  ),
  finding as (
    delete from candlewatch.findings as f
    where f.id in (
      select x.id from candlewatch.findings as x
      where x.found_at < p_before order by x.found_at limit p_limit
    )
    returning 1
  ),
  outcome as (
    delete from candlewatch.slot_outcomes_rest as o where o.ended_at < p_before returning 1
  ),
  lease as (
    delete from candlewatch.lease_log_rest as l where l.ended_at < p_before returning 1
  )
  select (
    (select count(*) from dispatch) + (select count(*) from task) + (select count(*) from run)
    + (select count(*) from finding) + (select count(*) from outcome) + (select count(*) from lease)
  )::integer
$$;
comment on function candlewatch.prune_history(timestamptz, integer) is
  'Removes old dispatches, tasks, runs and findings, bounded.';

-- sql/20_functions/prune_logs.sql
-- Removes old rows of pg_cron's run log, which it would keep for ever, and of pg_net's answers. A
-- run that could not start has no times: it is as old as the runs before and after it.
create or replace function candlewatch.prune_logs(
  p_before timestamptz,
  p_limit integer
)
returns integer
language sql
volatile
set search_path = ''
as $$
  with old as (
    select x.runid
    from cron.job_run_details as x
    where coalesce(x.end_time, x.start_time) < p_before
      or (
        coalesce(x.end_time, x.start_time) is null
        and x.runid < (
          select max(o.runid) from cron.job_run_details as o
          where coalesce(o.end_time, o.start_time) < p_before
        )
      )
    order by x.runid
    limit p_limit
  ),
  run as (
    delete from cron.job_run_details as d
    where d.runid = any(array(select o.runid from old as o))
    returning 1
  ),
  response as (
    delete from net._http_response as r
    where r.id in (
      select x.id from net._http_response as x where x.created < p_before limit p_limit
    )
    returning 1
  )
  select ((select count(*) from run) + (select count(*) from response))::integer
$$;
comment on function candlewatch.prune_logs(timestamptz, integer) is
  'Removes old rows of pg_cron''s and pg_net''s logs.';

-- sql/20_functions/publish.sql
-- Stores the frames that close at one instant and dispatches them. Frames that do not close then
-- are refused (CW002). Returns the ids of new dispatches.
create or replace function candlewatch.publish(
  p_closes_at timestamptz,
  p_frames jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_frame record;
  v_dispatch bigint;
  v_dispatches bigint[] := array[]::bigint[];
begin
  for v_frame in
    select f.timeframe, f.open_time, decode(f."values", 'base64') as packed
    from jsonb_to_recordset(p_frames) as f (timeframe text, open_time timestamptz, "values" text)
    join candlewatch.timeframes as t on t.name = f.timeframe
    order by t.length_ms
  loop
    if v_frame.open_time + candlewatch.candle_length(v_frame.timeframe) is distinct from p_closes_at
    then
      perform candlewatch.refuse('CW002',
        format('the %s candle of %s does not close at %s', v_frame.timeframe, v_frame.open_time,
          p_closes_at),
        'publish together what closes together');
    end if;
    if not exists (
      select from candlewatch.dispatches as d
      where d.timeframe = v_frame.timeframe and d.candle_at = v_frame.open_time
        and d.kind <> 'manual'
    ) then
      perform candlewatch.store_frame(v_frame.timeframe, v_frame.open_time, v_frame.packed);
      v_dispatch := candlewatch.add_dispatch(v_frame.timeframe, v_frame.open_time, p_closes_at);
      v_dispatches := v_dispatches || v_dispatch;
    end if;
  end loop;
  return to_jsonb(array_remove(v_dispatches, null));
end
$$;
comment on function candlewatch.publish(timestamptz, jsonb) is
  'Stores and dispatches the frames that close at one instant; returns new dispatches.';

-- sql/20_functions/publish_frames.sql
-- Publishes all frames that close at one instant and ends the ingest task, in one transaction:
-- stores the frames, makes a dispatch for each timeframe that running traders use, wakes evaluate.
-- The same instant again dispatches nothing new. A task that the token does not hold is refused
-- (CW001). Definer: the worker may call this and may not touch the tables.
create or replace function worker.publish_frames(
  p_token uuid,
  p_task bigint,
  p_closes_at timestamptz,
  p_frames jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_hold text := candlewatch.hold_task(p_token, p_task);
  v_answer jsonb;
begin
  if v_hold = 'already' then
    return (select t.result from candlewatch.tasks as t where t.id = p_task);
  elsif v_hold = 'fenced' then
    perform candlewatch.refuse('CW001', format('ingest task %s is not held by this token', p_task),
      'drop the work: another worker has it or will');
  end if;
  v_answer := jsonb_build_object('dispatches', candlewatch.publish(p_closes_at, p_frames));
  perform candlewatch.end_task(p_task, 'done', v_answer, null);
  perform candlewatch.wake('evaluate');
  return v_answer;
end
$$;
comment on function worker.publish_frames(uuid, bigint, timestamptz, jsonb) is
  'Publishes the frames that close at one instant and ends the ingest task.';

-- sql/20_functions/read_health.sql
-- Whether the system keeps up, in facts that a stranger may know: when the tick last ran, the
-- newest candle of each timeframe, and whether the market data sources let us. Definer: reads the
-- engine room.
create or replace function candlewatch.read_health()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  with newest as (
    select f.name, n.open_time + f.length_ms * interval '1 millisecond' as closed_at, f.length_ms
    from candlewatch.timeframes as f
    cross join lateral (
      select x.open_time
      from candlewatch.frames as x
      where x.timeframe = f.name
      order by x.open_time desc
      limit 1
    ) as n
  ),
  fact as (
    select
      (select s.last_at from candlewatch.schedules as s where s.name = 'tick') as tick_at,
      (select max(n.closed_at + (n.length_ms + 60000) * interval '1 millisecond') from newest as n)
        as due_at,
      coalesce((
        select jsonb_object_agg(n.name, n.closed_at) from newest as n
      ), '{}') as newest,
      coalesce((
        select jsonb_object_agg(e.source, e.state) from candlewatch.exchange_states as e
      ), '{}') as sources
  )
  select jsonb_build_object(
    'status', case
      when f.tick_at is null or f.tick_at < candlewatch.now() - interval '1 minute' then 'stopped'
      when f.due_at is null then 'starting'
      when f.due_at < candlewatch.market_now() then 'late'
      else 'ok'
    end,
    'tick_at', f.tick_at,
    'newest_candles_closed_at', f.newest,
    'sources', f.sources
  )
  from fact as f
$$;

comment on function candlewatch.read_health() is
  'Whether the system keeps up: last tick, newest candles, market data sources.';

-- sql/20_functions/read_trader.sql
-- What the API says of a trader, to the caller who owns it; the same refusal for another's as for
-- none. Definer: filters are shared by all users and readable by none.
create or replace function candlewatch.read_trader(p_trader uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not exists (
    select from public.traders as t
    where t.id = p_trader and candlewatch.owns(t.account_id)
  ) then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  return candlewatch.describe_trader(p_trader);
end
$$;

comment on function candlewatch.read_trader(uuid) is
  'What the API says of a trader, to the caller who owns it.';

-- sql/20_functions/ready_retries.sql
-- Makes up to p_limit retries whose back-off is over ready again, at their old tags. Skips rows
-- that another call has. Locks the tenants. Returns the jobs.
create or replace function candlewatch.ready_retries(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_due candlewatch.retries[];
begin
  select array_agg(n.retry) into v_due
  from (
    select r as retry
    from candlewatch.retries as r
    where r.due_at <= candlewatch.lease_clock()
    order by r.due_at
    limit p_limit
    for update of r skip locked
  ) as n;
  if v_due is null then
    return 0;
  end if;
  perform candlewatch.lock_tenants(array(select distinct d.account_id from unnest(v_due) as d));
  delete from candlewatch.retries as r
  where r.id = any (array(select d.id from unnest(v_due) as d));
  insert into candlewatch.ready (
    account_id, tag, id, dispatch_id, attempt, lapses, cost, trader_ids
  )
  select d.account_id, d.tag, d.id, d.dispatch_id, d.attempt, d.lapses, d.cost, d.trader_ids
  from unnest(v_due) as d;
  perform candlewatch.seat_tenants(array(
    select row(d.account_id, count(*), 0, min(d.tag), null)::candlewatch.tenant_change
    from unnest(v_due) as d
    group by d.account_id
  ));
  return cardinality(v_due);
end
$$;
comment on function candlewatch.ready_retries(integer) is
  'Makes jobs whose back-off is over ready again, bounded.';

-- sql/20_functions/ready_slots.sql
-- Makes returned slots ready again at their old tags: as the job they came in, or singly once their
-- lease lapsed too often. The caller holds the tenants' locks or takes them here for the first
-- time.
create or replace function candlewatch.ready_slots(p_verdicts candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  perform candlewatch.lock_tenants(array(
    select distinct v.account_id from unnest(p_verdicts) as v where v.outcome = 'returned'
  ));
  with returned as (
    insert into candlewatch.ready (
      account_id, tag, id, dispatch_id, attempt, lapses, cost, trader_ids
    )
    select v.account_id, v.tag,
      case when v.single is null then v.job_id else nextval('candlewatch.job_ids') end,
      v.dispatch_id, v.attempt, v.lapses,
      case when v.single is null then v.cost else v.cost / v.slots end, v.trader_ids
    from (
      select v.account_id, v.tag, v.job_id, v.dispatch_id, v.attempt, v.lapses, v.cost,
        case when v.lapses >= c.lone_lapses_from then v.trader_id end as single,
        array_agg(v.trader_id) as trader_ids, max(v.slots) as slots
      from (
        select v.*, count(*) over (partition by v.job_id) as slots
        from unnest(p_verdicts) as v
        where v.outcome = 'returned'
      ) as v
      cross join candlewatch.settings as c
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ) as v
    -- Limit: a lookup by key for each, whatever the statistics of tenants say.
    cross join lateral (
      select from candlewatch.tenants as t where t.account_id = v.account_id limit 1
    ) as t
    returning account_id, tag
  )
  select array_agg(row(d.account_id, d.jobs, 0, d.tag, null)::candlewatch.tenant_change)
  into v_changes
  from (
    select r.account_id, count(*)::integer as jobs, min(r.tag) as tag
    from returned as r
    group by r.account_id
  ) as d;
  perform candlewatch.seat_tenants(v_changes);
end
$$;
comment on function candlewatch.ready_slots(candlewatch.verdict[]) is
  'Makes returned slots ready again at their old place.';

-- sql/20_functions/recall_answer.sql
-- The answer that a key already has, or null, and then the key is taken until this transaction
-- ends. A second call with the key waits for the first; another request under the key is refused
-- (CW008). No key, neither as argument nor as the header Idempotency-Key: null. Definer: users may
-- not read the keys.
create or replace function candlewatch.recall_answer(
  p_key text,
  p_request jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_key text := candlewatch.idempotency_key(p_key);
  v_hash bytea := sha256(convert_to(p_request::text, 'UTF8'));
  v_known record;
begin
  if v_key is null then
    return null;
  end if;
  if length(v_key) not between 1 and 200 then
    perform candlewatch.refuse('CW002',
      format('an idempotency key has 1 to 200 characters, got %s', length(v_key)),
      'a random UUID is a good key');
  end if;
  insert into candlewatch.idempotency_keys (account_id, key, request_hash, created_at)
  values (candlewatch.default_account(), v_key, v_hash, candlewatch.now())
  on conflict (account_id, key) do nothing;
  if found then
    return null;
  end if;
  select k.request_hash, k.answer into v_known
  from candlewatch.idempotency_keys as k
  where k.account_id = candlewatch.default_account() and k.key = v_key;
  if v_known.request_hash <> v_hash then
    perform candlewatch.refuse('CW008', 'this idempotency key was used for another request',
      'choose a new key for a new request');
  end if;
  return v_known.answer;
end
$$;

comment on function candlewatch.recall_answer(text, jsonb) is
  'The answer that an idempotency key already has; else takes the key and returns null.';

-- sql/20_functions/reckon.sql
-- Reads monitor.violations and keeps what it finds. Returns how many there are; right is none.
create or replace function candlewatch.reckon()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  insert into candlewatch.findings (found_at, invariant, subject, detail)
  select candlewatch.lease_clock(), v.invariant, v.subject, v.detail
  from monitor.violations as v
  limit 100;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.reckon() is
  'Keeps the rows of monitor.violations, of which there should be none.';

-- sql/20_functions/refresh_universes.sql
-- Resolves up to p_limit universes anew that are older than the exchange's list, and drops those
-- that no trader states any more.
create or replace function candlewatch.refresh_universes(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  with stale as materialized (
    select u.id
    from candlewatch.universes as u
    where u.revision < (select r.revision from candlewatch.symbol_revision as r)
    order by u.id
    limit p_limit
    for update skip locked
  ),
  dropped as (
    delete from candlewatch.universes as u
    using stale as s
    where u.id = s.id
      and not exists (select from candlewatch.trader_memory as m where m.universe_id = u.id)
  )
  update candlewatch.universes as u
  set revision = b.revision, bits = b.bits, unknown_symbols = b.unknown_symbols
  from stale as s
  join candlewatch.universes as x on x.id = s.id
  cross join lateral candlewatch.universe_bits(x.stated, x.symbols_limit) as b
  where u.id = s.id
    and exists (select from candlewatch.trader_memory as m where m.universe_id = u.id);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.refresh_universes(integer) is
  'Resolves universes anew after the exchange''s list changed, bounded.';

-- sql/20_functions/refuse.sql
-- Ends the transaction with an error of ours: the code as SQLSTATE for SQL, and for a request that
-- came through PostgREST the same as JSON with the code's HTTP status. Definer: reads the table of
-- codes for callers who may not. p_headers go into the answer, for instance {"Retry-After": "7"}.
create or replace function candlewatch.refuse(
  p_code text,
  p_message text,
  p_hint text default null,
  p_headers jsonb default '{}'
)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_status integer;
begin
  if nullif(current_setting('request.method', true), '') is null then
    raise exception using errcode = p_code, message = p_message, hint = coalesce(p_hint, '');
  end if;
  select c.http_status into v_status from candlewatch.error_codes as c where c.code = p_code;
  raise sqlstate 'PGRST' using
    message = jsonb_build_object(
      'code', p_code, 'message', p_message, 'hint', p_hint, 'details', null
    )::text,
    detail = jsonb_build_object(
      'status', coalesce(v_status, 400), 'headers', p_headers
    )::text;
end
$$;

comment on function candlewatch.refuse(text, text, text, jsonb) is
  'Raises one of our errors: a code, a sentence and a hint, in the shape that the caller reads.';

-- sql/20_functions/release_batch.sql
-- Hands the unfinished jobs of a token back at once (a function that is told to end): the attempt
-- is not counted. A token that holds nothing is told "fenced". Definer: the worker may call this
-- and may not touch the tables.
create or replace function worker.release_batch(p_token uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_lease candlewatch.leases;
begin
  select l.* into v_lease from candlewatch.leases as l where l.token = p_token for update;
  if not found or v_lease.lease_until <= candlewatch.lease_clock() then
    return jsonb_build_object('outcome', 'fenced', 'jobs', 0);
  end if;
  return jsonb_build_object(
    'outcome', 'released', 'jobs', candlewatch.return_jobs(v_lease, 'released')
  );
end
$$;
comment on function worker.release_batch(uuid) is
  'Hands the unfinished jobs of a token back; the attempt is not counted.';

-- sql/20_functions/remember_answer.sql
-- Keeps what a call answered under its key, if it has one. Definer: users may not write the keys.
create or replace function candlewatch.remember_answer(
  p_key text,
  p_answer jsonb
)
returns void
language sql
security definer
set search_path = ''
as $$
  update candlewatch.idempotency_keys as k
  set answer = p_answer
  where k.account_id = candlewatch.default_account()
    and k.key = candlewatch.idempotency_key(p_key)
    and k.answer is null
$$;

comment on function candlewatch.remember_answer(text, jsonb) is
  'Keeps what a call answered under its idempotency key.';

-- sql/20_functions/remember_slots.sql
-- Stores what running traders remember after slots, under the locks on their states: the newest
-- candle, the failures in a row, and what matched. One update for each; a manual run changes nothing.
-- The slots and what they changed are brought together by grouping: neither has an index, and the
-- planner expects few of them.
create or replace function candlewatch.remember_slots(
  p_verdicts candlewatch.verdict[],
  p_entries candlewatch.entry[]
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.trader_memory as m
  set last_candle_at = greatest(m.last_candle_at, e.candle_at),
    failure_count = case when e.has_failed then m.failure_count + 1 else 0 end,
    matched = coalesce(e.matched[1], m.matched)
  from (
    select x.trader_id, max(d.candle_at) as candle_at, bool_or(x.has_failed) as has_failed,
      array_agg(x.matched) filter (where x.matched is not null) as matched
    from (
      select v.trader_id, v.dispatch_id, v.outcome = 'failed', null::bit varying
      from unnest(p_verdicts) as v
      where v.outcome in ('done', 'failed')
      union all
      select n.trader_id, n.dispatch_id, false, n.matched
      from unnest(p_entries) as n
      where n.is_changed
    ) as x (trader_id, dispatch_id, has_failed, matched)
    join candlewatch.dispatches as d on d.id = x.dispatch_id
    where d.kind <> 'manual'
    group by x.trader_id
  ) as e
  where m.trader_id = e.trader_id
    -- A slot is done only by a running trader; its last attempt may be lost after it was stopped.
    and (not e.has_failed or exists (
      select from public.trader_states as s
      where s.trader_id = e.trader_id and s.state = 'running'
    ));
end
$$;
comment on function candlewatch.remember_slots(candlewatch.verdict[], candlewatch.entry[]) is
  'Stores the last candle, the failures in a row and the matches of traders after slots.';

-- sql/20_functions/remember_start.sql
-- A trader was started: it forgets what matched and failed before, so that what is true now fires
-- once, and its universe is resolved.
create or replace function candlewatch.remember_start(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform candlewatch.resolve_universe(p_trader);
  update candlewatch.trader_memory as m
  set matched = '', failure_count = 0
  where m.trader_id = p_trader and (m.matched <> '' or m.failure_count <> 0);
end
$$;
comment on function candlewatch.remember_start(uuid) is
  'Forgets a started trader''s matches and failures and resolves its universe.';

-- sql/20_functions/remove_waiting.sql
-- Takes waiting jobs out of ready and retries, under the tenants' locks, and seats the tenants.
-- Returns the slots of those jobs that were still there: another verb may have taken some
-- meanwhile.
create or replace function candlewatch.remove_waiting(p_slots candlewatch.verdict[])
returns candlewatch.verdict[]
language plpgsql
set search_path = ''
as $$
declare
  v_ready candlewatch.ready[];
  v_retried bigint[];
begin
  with removed as (
    delete from candlewatch.ready as r
    using (select distinct s.account_id, s.tag, s.job_id from unnest(p_slots) as s) as s
    where r.account_id = s.account_id and r.tag = s.tag and r.id = s.job_id
    returning r
  )
  select array_agg(x.r) into v_ready from removed as x;
  with removed as (
    delete from candlewatch.retries as r
    where r.id = any (array(select s.job_id from unnest(p_slots) as s))
    returning r.id
  )
  select array_agg(r.id) into v_retried from removed as r;

  perform candlewatch.seat_tenants(array(
    select row(r.account_id, -count(*), 0, null, null)::candlewatch.tenant_change
    from unnest(v_ready) as r
    group by r.account_id
  ));
  return array(
    select s
    from unnest(p_slots) as s
    where s.job_id = any (v_retried)
      or s.job_id in (select r.id from unnest(v_ready) as r)
  );
end
$$;
comment on function candlewatch.remove_waiting(candlewatch.verdict[]) is
  'Takes waiting jobs out of the queue; returns the slots that were still there.';

-- sql/20_functions/report_exchange.sql
-- Notes how a source answered: open, or a refusal (throttled, banned, forbidden, unavailable) until
-- a time that every function honours. A shorter refusal never cuts a longer one of the same kind.
-- Open ends it. Definer: the worker may call this and may not touch the tables.
create or replace function worker.report_exchange(
  p_source text,
  p_state text,
  p_until timestamptz,
  p_note text
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_now timestamptz := candlewatch.lease_clock();
begin
  if p_state not in ('open', 'throttled', 'banned', 'forbidden', 'unavailable') then
    perform candlewatch.refuse('CW002', format('there is no exchange state %s', left(p_state, 40)),
      'report open, throttled, banned, forbidden or unavailable');
  end if;
  insert into candlewatch.exchange_states as s (
    source, state, retry_at, minute_at, note, changed_at
  )
  values (
    p_source, p_state,
    case when p_state <> 'open' then coalesce(p_until, v_now + interval '1 minute') end,
    date_trunc('minute', v_now), left(coalesce(p_note, ''), 500), v_now
  )
  on conflict (source) do update
    set state = excluded.state,
      retry_at = case
        when s.state = excluded.state then greatest(s.retry_at, excluded.retry_at)
        else excluded.retry_at
      end,
      probing_until = null,
      note = excluded.note,
      changed_at = excluded.changed_at;
  return jsonb_build_object('state', p_state);
end
$$;
comment on function worker.report_exchange(text, text, timestamptz, text) is
  'Notes how a source answered: open, or a refusal until a time.';

-- sql/20_functions/require_frame.sql
-- Refuses (CW002) a frame that is none: an unknown timeframe, an open time off the boundaries, a
-- candle that is not closed by the market's clock, or bytes that are no six fields of doubles for
-- known positions.
create or replace function candlewatch.require_frame(
  p_timeframe text,
  p_open_time timestamptz,
  p_packed bytea
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_positions integer;
begin
  if candlewatch.candle_start(p_timeframe, p_open_time) is distinct from p_open_time then
    perform candlewatch.refuse('CW002',
      format('%s is no open time of a %s candle', p_open_time, p_timeframe),
      'send candles by their aligned open times, in UTC');
  end if;
  if p_open_time + candlewatch.candle_length(p_timeframe) > candlewatch.market_now() then
    perform candlewatch.refuse('CW002',
      format('the %s candle of %s is not closed', p_timeframe, p_open_time),
      'send closed candles only');
  end if;
  select coalesce(max(s.position), -1) + 1 into v_positions from public.symbols as s;
  if p_packed is null or octet_length(p_packed) % 48 <> 0
    or octet_length(p_packed) / 48 > v_positions
  then
    perform candlewatch.refuse('CW002',
      format('a frame has 48 bytes for each of at most %s positions, got %s', v_positions,
        octet_length(p_packed)),
      'pack six float64 fields by position; store new symbols first');
  end if;
end
$$;
comment on function candlewatch.require_frame(text, timestamptz, bytea) is
  'Refuses what is no frame of a closed candle.';

-- sql/20_functions/require_tier.sql
-- Refuses (CW003) traders that their account's tier does not allow to run: too short a timeframe,
-- too many symbols.
create or replace function candlewatch.require_tier(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_reason text;
begin
  select b.reason into v_reason
  from candlewatch.traders_beyond_tier as b
  where b.trader_id = any (p_traders)
  limit 1;
  if found then
    perform candlewatch.refuse('CW003', v_reason,
      'change the trader, save it with enabled = false, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.require_tier(uuid[]) is
  'Refuses traders that their account''s tier does not allow to run.';

-- sql/20_functions/reserve_weight.sql
-- Reserves request weight of a source for calls that are about to be made: as many of them, in
-- order, as this minute has room for; history leaves a share of it to closes. p_used is what the
-- exchange itself counted at p_used_at: in its own minute the larger count holds, so that calls of
-- others on our address are seen. While the source refuses us nobody is granted anything; then one
-- probe is, and the others wait for its report. Locks the source's row. Definer: the worker may
-- call this and may not touch the tables.
create or replace function worker.reserve_weight(
  p_source text,
  p_weights integer[],
  p_history boolean default false,
  p_used integer default null,
  p_used_at timestamptz default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_state candlewatch.exchange_states := candlewatch.lock_source(p_source);
  v_now timestamptz := candlewatch.lease_clock();
  v_minute timestamptz := date_trunc('minute', v_now);
  v_wait_until timestamptz := v_minute + interval '1 minute';
  v_calls integer := 0;
  v_weight integer := 0;
begin
  v_state.weight_used := greatest(
    case when v_state.minute_at = v_minute then v_state.weight_used else 0 end,
    case when date_trunc('minute', p_used_at) = v_minute then p_used end
  );
  if v_state.state <> 'open' and v_now < greatest(v_state.retry_at, v_state.probing_until) then
    v_wait_until := greatest(v_state.retry_at, v_state.probing_until);
  else
    select count(*), coalesce(max(c.total), 0) into v_calls, v_weight
    from (
      select w.place, sum(w.weight) over (order by w.place) as total
      from unnest(p_weights) with ordinality as w (weight, place)
    ) as c
    cross join candlewatch.settings as s
    where (v_state.state = 'open' or c.place = 1)
      and v_state.weight_used + c.total
        <= v_state.weight_limit * case when p_history then s.history_weight_pct else 100 end / 100;
    if v_state.state <> 'open' and v_calls = 1 then
      v_state.probing_until := v_now + interval '10 seconds';
      v_wait_until := v_state.probing_until;
    end if;
  end if;
  update candlewatch.exchange_states as s
  set minute_at = v_minute, weight_used = v_state.weight_used + v_weight,
    probing_until = v_state.probing_until
  where s.source = p_source;
  return jsonb_build_object(
    'calls', v_calls,
    'state', v_state.state,
    'wait_seconds', extract(epoch from
      case when v_calls < cardinality(p_weights) then v_wait_until else v_now end - v_now)
  );
end
$$;
comment on function worker.reserve_weight(text, integer[], boolean, integer, timestamptz) is
  'Reserves request weight of a source for calls, or says how long to wait.';

-- sql/20_functions/resolve_universe.sql
-- Binds a trader to the resolved form of the universe that it states. Equal statements of many
-- traders are one row.
create or replace function candlewatch.resolve_universe(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_stated jsonb;
  v_limit integer;
  v_universe bigint;
begin
  select t.universe, r.symbols_limit into v_stated, v_limit
  from public.traders as t
  join public.accounts as a on a.id = t.account_id
  join public.tiers as r on r.name = a.tier
  where t.id = p_trader;
  if not found then
    return;
  end if;
  select u.id into v_universe
  from candlewatch.universes as u
  where u.stated = v_stated and u.symbols_limit = v_limit
  for key share;
  if v_universe is null then
    insert into candlewatch.universes (stated, symbols_limit, revision, bits, unknown_symbols)
    select v_stated, v_limit, u.revision, u.bits, u.unknown_symbols
    from candlewatch.universe_bits(v_stated, v_limit) as u
    on conflict (stated, symbols_limit) do nothing;
    select u.id into v_universe
    from candlewatch.universes as u
    where u.stated = v_stated and u.symbols_limit = v_limit
    for key share;
  end if;
  insert into candlewatch.trader_memory as m (trader_id, universe_id)
  values (p_trader, v_universe)
  on conflict (trader_id) do update
    set universe_id = excluded.universe_id
    where m.universe_id <> excluded.universe_id;
end
$$;
comment on function candlewatch.resolve_universe(uuid) is
  'Binds a trader to the resolved form of its universe.';

-- sql/20_functions/resolve_universes.sql
-- Resolves the universes of traders anew, under the locks on their states: who completes their slots
-- takes the same locks before it writes their memory.
create or replace function candlewatch.resolve_universes(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for no key update;
  perform candlewatch.resolve_universe(t) from unnest(p_traders) as t;
end
$$;
comment on function candlewatch.resolve_universes(uuid[]) is
  'Binds traders to the resolved forms of their universes, in everybody''s order of locks.';

-- sql/20_functions/retry_slots.sql
-- Puts the slots that are to be tried again into retries, each as a job of its own, with back-off
-- and jitter: a slot that fails takes no other with it twice.
create or replace function candlewatch.retry_slots(p_verdicts candlewatch.verdict[])
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  insert into candlewatch.retries (
    id, account_id, tag, dispatch_id, attempt, lapses, cost, trader_ids, due_at, reason
  )
  select nextval('candlewatch.job_ids'), v.account_id, v.tag, v.dispatch_id, v.attempt, v.lapses,
    v.cost / count(*) over (partition by v.job_id), array[v.trader_id],
    candlewatch.lease_clock() + candlewatch.back_off(v.attempt), v.reason
  from unnest(p_verdicts) as v
  -- Limit: a lookup by key for each, whatever the statistics of tenants say.
  cross join lateral (
    select from candlewatch.tenants as t where t.account_id = v.account_id limit 1
  ) as t
  where v.outcome = 'retried';
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.retry_slots(candlewatch.verdict[]) is
  'Splits slots off their jobs to be tried again singly, after a back-off.';

-- sql/20_functions/return_jobs.sql
-- Takes back all jobs of a lease that the caller has locked. Released ones do not count as an
-- attempt. Lapsed ones go back to their old place, split into single slots once their lease lapsed
-- too often; those without attempts left fail, and those of superseded dispatches expire unless
-- their trader catches up with that many candles.
create or replace function candlewatch.return_jobs(
  p_lease candlewatch.leases,
  p_outcome text
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_jobs bigint[];
  v_verdicts candlewatch.verdict[];
begin
  select array_agg(j.id) into v_jobs from candlewatch.leased as j where j.token = p_lease.token;
  perform candlewatch.lock_states(p_lease.token, v_jobs);
  select array_agg(row(
    j.id, j.account_id, j.dispatch_id, t, null, j.tag, j.attempt - (p_outcome = 'released')::integer,
    j.lapses + (p_outcome = 'expired')::integer, j.cost,
    v.outcome,
    case v.outcome
      when 'expired' then 'a newer candle closed before this one was evaluated'
      when 'failed' then format('its worker was lost %s times', j.attempt)
      else ''
    end
  )::candlewatch.verdict)
  into v_verdicts
  from candlewatch.leased as j
  join candlewatch.dispatches as d on d.id = j.dispatch_id
  cross join candlewatch.settings as c
  cross join lateral unnest(j.trader_ids) as t
  left join public.traders as w on w.id = t
  cross join lateral (
    select case
      when d.superseded_at is not null and coalesce(w.catch_up_candles, 0)
        < greatest(candlewatch.candles_after(d.timeframe, d.candle_at), 1) then 'expired'
      when p_outcome = 'expired' and j.attempt >= c.attempts_limit then 'failed'
      else 'returned'
    end
  ) as v (outcome)
  where j.token = p_lease.token;

  perform candlewatch.end_slots(v_verdicts);
  perform candlewatch.end_jobs(p_lease, v_jobs, p_outcome, '{}', candlewatch.lease_clock());
  perform candlewatch.ready_slots(v_verdicts);
  return cardinality(v_jobs);
end
$$;
comment on function candlewatch.return_jobs(candlewatch.leases, text) is
  'Takes back all jobs of a lease: to their place in the queue, or to their end.';

-- sql/20_functions/return_lapsed.sql
-- Takes back what the longest lapsed lease held; one lease a call, so that a claim that meets many
-- of them stays short. A lease that somebody else is ending at this moment is left to them. Returns
-- the jobs.
create or replace function candlewatch.return_lapsed()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_lease candlewatch.leases;
begin
  select l.* into v_lease
  from candlewatch.leases as l
  where l.lease_until <= candlewatch.lease_clock()
  order by l.lease_until, l.token
  limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  return candlewatch.return_jobs(v_lease, 'expired');
end
$$;
comment on function candlewatch.return_lapsed() is 'Takes back the jobs of one lapsed lease.';

-- sql/20_functions/return_lapsed_tasks.sql
-- Takes back up to p_limit tasks of a kind whose lease is over: ready again after a back-off, or
-- failed when no attempts are left. Rows that somebody ends at this moment are left to them.
create or replace function candlewatch.return_lapsed_tasks(
  p_kind text,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_lapsed bigint[] := array(
    select t.id
    from candlewatch.tasks as t
    where t.kind = p_kind and t.state = 'leased' and t.lease_until <= candlewatch.lease_clock()
    order by t.lease_until, t.id
    limit p_limit
  );
  v_count integer;
begin
  if cardinality(v_lapsed) = 0 then
    return 0;
  end if;
  perform candlewatch.lock_checked_filters(v_lapsed);
  with picked as materialized (
    select t.id
    from candlewatch.tasks as t
    where t.id = any (v_lapsed)
      and t.state = 'leased' and t.lease_until <= candlewatch.lease_clock()
    for update skip locked
  )
  select count(candlewatch.give_back_task(
    p.id, format('its worker was lost %s times', t.attempt), null
  ))
  into v_count
  from picked as p
  join candlewatch.tasks as t on t.id = p.id;
  return v_count;
end
$$;
comment on function candlewatch.return_lapsed_tasks(text, integer) is
  'Takes back tasks whose lease is over, bounded.';

-- sql/20_functions/review_quota.sql
-- Brings one account within its tier, under its lock. Stops what the tier does not allow at all,
-- then the newest traders over running_limit; then resumes, oldest first, what is enabled, allowed
-- and fits.
create or replace function candlewatch.review_quota(p_account uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tier public.tiers;
  v_room integer;
  v_group record;
  v_traders uuid[];
begin
  perform from public.accounts as a where a.id = p_account for no key update;
  select r.* into v_tier
  from public.accounts as a join public.tiers as r on r.name = a.tier where a.id = p_account;

  for v_group in
    select b.reason, array_agg(b.trader_id) as traders
    from candlewatch.traders_beyond_tier as b where b.account_id = p_account group by b.reason
  loop
    perform candlewatch.apply_events(v_group.traders, 'suspend', v_group.reason);
  end loop;

  select v_tier.running_limit - a.running_count into v_room
  from public.accounts as a where a.id = p_account;
  select array_agg(n.id) into v_traders
  from (
    select t.id from public.traders as t join public.trader_states as s on s.trader_id = t.id
    where t.account_id = p_account and s.state <> 'stopped'
    order by t.created_at desc, t.id desc
    limit greatest(-v_room, 0)
  ) as n;
  perform candlewatch.apply_events(v_traders, 'suspend', format(
    'over_quota: the %s tier runs at most %s traders at once (running_limit), the oldest',
    v_tier.name, v_tier.running_limit
  ));

  select array_agg(n.id) into v_traders
  from (
    select t.id from public.traders as t join public.trader_states as s on s.trader_id = t.id
    where t.account_id = p_account and t.enabled and s.state = 'stopped'
      and t.id not in (
        select b.trader_id from candlewatch.traders_beyond_tier as b where b.account_id = p_account
      )
    order by t.created_at, t.id
    limit greatest(v_room, 0)
  ) as n;
  perform candlewatch.apply_events(v_traders, 'start');
  perform candlewatch.settle_traders(v_traders);

  perform candlewatch.resolve_universes(array(
    select m.trader_id
    from candlewatch.trader_memory as m
    join candlewatch.universes as u on u.id = m.universe_id
    join public.trader_states as s on s.trader_id = m.trader_id
    where s.account_id = p_account and s.state <> 'stopped'
      and u.symbols_limit <> v_tier.symbols_limit
  ));
end
$$;

comment on function candlewatch.review_quota(uuid) is
  'Brings one account within its tier: stops the newest, resumes the oldest that fit.';

-- sql/20_functions/room_for_tasks.sql
-- How many tasks of a kind may be leased now, of those asked for. Backfill leaves one place of the
-- ingesting functions to closes, which never wait for it; claims of backfill go one by one.
create or replace function candlewatch.room_for_tasks(
  p_kind text,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_room integer := least(greatest(coalesce(p_limit, 1), 1), 1000);
  v_busy integer;
begin
  if p_kind <> 'backfill' then
    return v_room;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('candlewatch.backfill', 0));
  select count(*) into v_busy
  from candlewatch.tasks as t
  where t.kind = 'backfill' and t.state = 'leased';
  return (
    select greatest(0, least(v_room, f.running_limit - 1 - v_busy))
    from candlewatch.functions as f
    where f.name = 'ingest'
  );
end
$$;
comment on function candlewatch.room_for_tasks(text, integer) is
  'How many tasks of a kind may be leased now; backfill leaves a place to closes.';

-- sql/20_functions/run_own_trader.sql
-- Has a running trader of the caller evaluated on the newest closed candle. Definer: writes the
-- queue.
create or replace function candlewatch.run_own_trader(p_trader uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_trader record;
begin
  select t.account_id, s.state into v_trader
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  where t.id = p_trader;
  if not found or not candlewatch.owns(v_trader.account_id) then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  if v_trader.state <> 'running' then
    perform candlewatch.refuse('CW005', format('a trader that is %s cannot be run', v_trader.state),
      'start it, wait until it is running, then run it');
  end if;
  return jsonb_build_object(
    'trader', p_trader,
    'dispatch', candlewatch.dispatch_manually(p_trader)
  );
end
$$;

comment on function candlewatch.run_own_trader(uuid) is
  'Has a running trader of the caller evaluated on the newest closed candle.';

-- sql/20_functions/run_trader.sql
-- Evaluates a trader now, on the newest closed candle, whatever its schedule; its memory of what
-- matched stays as it is.
create or replace function public.run_trader(p_trader uuid)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.run_own_trader(p_trader))
$$;

comment on function public.run_trader(uuid) is
  'Evaluates a trader now, on the newest closed candle.';

-- sql/20_functions/schedule_ticks.sql
-- Makes pg_cron's job what the tick's row in schedules says, by its name, so that repeating it is
-- harmless: its interval where pg_cron knows seconds (1.5), else a job a minute that ticks until its
-- end, and no job while the tick is disabled. Other jobs are left alone. Definer: the job belongs to
-- the owner of the system, whoever edits the row.
create or replace function candlewatch.schedule_ticks()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_version integer[];
  v_seconds integer;
begin
  select extract(epoch from s.every)::integer into v_seconds
  from candlewatch.schedules as s
  where s.name = 'tick' and s.enabled;
  if not found then
    perform cron.unschedule(j.jobid)
    from cron.job as j
    where j.jobname = 'candlewatch-tick' and j.username = current_user;
    return;
  end if;
  -- Debian's says 1.4-1: major and minor number alone count.
  select string_to_array(substring(e.extversion from '^[0-9]+[.][0-9]+'), '.')::integer[]
  into v_version
  from pg_catalog.pg_extension as e
  where e.extname = 'pg_cron';
  if v_version >= array[1, 5] then
    perform cron.schedule(
      'candlewatch-tick', format('%s seconds', v_seconds), 'select candlewatch.tick()'
    );
  else
    perform cron.schedule(
      'candlewatch-tick', '* * * * *', 'call candlewatch.tick_for_a_minute()'
    );
  end if;
end
$$;
comment on function candlewatch.schedule_ticks() is
  'Makes pg_cron''s job what the tick''s row in schedules says. Harmless to repeat.';

-- sql/20_functions/seat_tenants.sql
-- Applies what a verb changed to its tenants' counts, and seats each in the walk again: first_tag
-- is read from its jobs, head_tag is set while it has ready work and room. The caller holds the
-- tenants' locks and has changed their jobs in earlier statements, so that this one sees them. A
-- seat is found once, by its newest turn, and written by its place on disk.
create or replace function candlewatch.seat_tenants(p_changes candlewatch.tenant_change[])
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_floor float8;
begin
  select q.floor_tag into v_floor from candlewatch.queue_state as q;
  update candlewatch.seats as t
  set turn = t.turn + (h.head_tag is distinct from t.head_tag)::integer,
    ready_count = n.ready_count,
    leased_count = n.leased_count,
    first_tag = n.first_tag,
    head_tag = h.head_tag,
    last_tag = greatest(t.last_tag, c.last_tag)
  from unnest(p_changes) as c
  cross join lateral (
    select s.ctid as place_on_disk, s.ready_count, s.leased_count, s.first_tag, s.concurrency_limit
    from candlewatch.seats as s
    where s.account_id = c.account_id
    order by s.turn desc
    limit 1
  ) as s
  left join lateral (
    select r.tag
    from candlewatch.ready as r
    where r.account_id = c.account_id
      and r.tag >= least(s.first_tag, c.lowest_tag)
    order by r.tag
    limit 1
  ) as f on c.ready_delta <> 0 or s.ready_count > 0
  cross join lateral (
    select s.ready_count + c.ready_delta as ready_count,
      s.leased_count + c.leased_delta as leased_count,
      case when s.ready_count + c.ready_delta > 0 then f.tag end as first_tag
  ) as n
  cross join lateral (
    select case
      when n.ready_count > 0 and n.leased_count < s.concurrency_limit
        then greatest(n.first_tag, v_floor)
    end as head_tag
  ) as h
  where t.ctid = s.place_on_disk;
end
$$;
comment on function candlewatch.seat_tenants(candlewatch.tenant_change[]) is
  'Applies changes to tenants'' counts and finds their place in the claim''s walk again.';

-- sql/20_functions/settle_late.sql
-- Looks again at traders that have been starting for over ten seconds, at most so many, oldest
-- first: if their filter was decided meanwhile they move, else its check is asked for again. Called
-- by the tick.
create or replace function candlewatch.settle_late(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
begin
  select array_agg(n.trader_id) into v_traders
  from (
    select s.trader_id
    from public.trader_states as s
    where s.state = 'starting' and s.changed_at < candlewatch.now() - interval '10 seconds'
    order by s.changed_at
    limit p_limit
  ) as n;
  if v_traders is not null then
    perform candlewatch.settle_traders(v_traders);
  end if;
  return coalesce(cardinality(v_traders), 0);
end
$$;

comment on function candlewatch.settle_late(integer) is
  'Settles traders that have been starting for long, should their check have been lost.';

-- sql/20_functions/settle_slots.sql
-- Carries out the verdicts of a completion, under the caller's locks on the traders' states, and
-- says what was done, and the cost of the jobs that had slots done. The signals of the slots that
-- are done are written here, in the transaction that ends them.
create or replace function candlewatch.settle_slots(
  p_verdicts candlewatch.verdict[],
  p_results jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_entries candlewatch.entry[];
  v_signals candlewatch.signal_count[];
begin
  v_entries := array(select e from candlewatch.decide_entries(p_verdicts, p_results) as e);
  if cardinality(v_entries) > 0 then
    v_signals := array(select s from candlewatch.write_signals(v_entries) as s);
  end if;
  perform candlewatch.end_slots(p_verdicts, v_entries, v_signals);
  perform candlewatch.retry_slots(p_verdicts);
  return (
    select jsonb_build_object(
      'outcome', 'done',
      'slots', jsonb_build_object(
        'done', count(*) filter (where v.outcome = 'done'),
        'skipped', count(*) filter (where v.outcome = 'skipped'),
        'failed', count(*) filter (where v.outcome = 'failed'),
        'expired', count(*) filter (where v.outcome = 'expired'),
        'retried', count(*) filter (where v.outcome = 'retried')
      ),
      'signals', coalesce((select sum(s.signals) from unnest(v_signals) as s), 0),
      'cost', coalesce((
        select sum(j.cost)
        from (
          select distinct v.job_id, v.cost from unnest(p_verdicts) as v where v.outcome = 'done'
        ) as j
      ), 0)
    )
    from unnest(p_verdicts) as v
  );
end
$$;
comment on function candlewatch.settle_slots(candlewatch.verdict[], jsonb) is
  'Carries out the verdicts of a completion and says what was done.';

-- sql/20_functions/settle_traders.sql
-- Moves starting traders on by what is known of their filters: ready ones run, refused ones are in
-- error with the first problem as the reason, and texts that nobody has checked yet get a check
-- task. The filters are locked, so that a check which ends at this moment is either seen here or
-- sees our rows.
create or replace function candlewatch.settle_traders(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_filters bigint[];
  v_group record;
begin
  select array_agg(distinct s.filter_id) into v_filters
  from public.trader_states as s
  where s.trader_id = any (p_traders);
  perform from candlewatch.filters as f where f.id = any (v_filters) order by f.id for share;

  for v_group in
    select f.id, f.state, f.problems, f.source, f.timeframe,
      array_agg(s.trader_id) filter (where s.state = 'starting') as traders
    from candlewatch.filters as f
    join public.trader_states as s on s.filter_id = f.id
    where f.id = any (v_filters) and s.trader_id = any (p_traders)
    group by f.id
    order by f.id
  loop
    if v_group.state = 'pending' then
      perform candlewatch.add_task('check', v_group.id::text, jsonb_build_object(
        'filter_id', v_group.id, 'source', v_group.source, 'timeframe', v_group.timeframe
      ));
    elsif v_group.state = 'ready' then
      perform candlewatch.apply_events(v_group.traders, 'checked');
    else
      perform candlewatch.apply_events(v_group.traders, 'refused',
        candlewatch.problem_sentence(v_group.problems));
    end if;
  end loop;
end
$$;

comment on function candlewatch.settle_traders(uuid[]) is
  'Moves starting traders on by what is known of their filters, or has them checked.';

-- sql/20_functions/share_account_limits.sql
-- Hands an account's limits to the queue when the account appears or its tier changes, and has its
-- quota reviewed by the next tick. Definer: writes to the engine room.
create or replace function candlewatch.share_account_limits()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform candlewatch.sync_tenant(new.id);
  if tg_op = 'UPDATE' then
    insert into candlewatch.quota_reviews (account_id) values (new.id)
    on conflict (account_id) do nothing;
  end if;
  return null;
end
$$;

comment on function candlewatch.share_account_limits() is
  'Trigger: an account''s limits reach the queue, and its quota is reviewed.';

-- sql/20_functions/share_tier_limits.sql
-- Hands changed figures of a tier to all its accounts, and has their quotas reviewed by the next
-- ticks. Definer: writes to the engine room.
create or replace function candlewatch.share_tier_limits()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform candlewatch.sync_tenant(a.id)
  from (select x.id from public.accounts as x where x.tier = new.name order by x.id) as a;
  insert into candlewatch.quota_reviews (account_id)
  select a.id from public.accounts as a where a.tier = new.name order by a.id
  on conflict (account_id) do nothing;
  return null;
end
$$;

comment on function candlewatch.share_tier_limits() is
  'Trigger: changed figures of a tier reach its accounts.';

-- sql/20_functions/signals_since.sql
-- The caller's signals after a cursor, oldest first, and the cursor to ask with next. Ordered by
-- transaction and number, and only what is older than every open transaction: what commits late is
-- never skipped. The cursor is "transaction:number" of the last signal read; nothing or an empty
-- one starts at the beginning. What the account made in shadow is left out unless p_shadow asks.
-- Reads the caller's index in its order, whatever the statistics say: by a sort, a reader who is
-- far behind would read all that is new for every answer.
create or replace function public.signals_since(
  p_cursor text default null,
  p_limit integer default 100,
  p_shadow boolean default false
)
returns jsonb
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  v_account uuid := candlewatch.default_account();
  v_cursor text := coalesce(nullif(p_cursor, ''), '0:0');
  v_answer jsonb;
begin
  if v_cursor !~ '^[0-9]{1,19}:[0-9]{1,18}$' then
    perform candlewatch.refuse('CW002', 'a cursor looks like 733:1042',
      'use the cursor of the last answer, or none to start at the beginning');
  end if;
  if p_limit is null or p_limit not between 1 and 1000 then
    perform candlewatch.refuse('CW002', format('p_limit is 1 to 1000, got %s', p_limit),
      'ask again with the new cursor for more');
  end if;
  select jsonb_build_object(
    'signals', coalesce(jsonb_agg(
      to_jsonb(n) - 'transaction_id' - 'account_id' order by n.transaction_id, n.id
    ), '[]'),
    'cursor', coalesce(
      (array_agg(n.transaction_id || ':' || n.id order by n.transaction_id desc, n.id desc))[1],
      v_cursor
    )
  )
  into v_answer
  from (
    select
      s.id, s.transaction_id, s.account_id, s.trader_id, s.filter_id, s.symbol, s.timeframe,
      s.candle_at, s.price, s.change_pct, s.volume, s."values", s.created_at, s.shadow
    from public.signals as s
    where s.account_id = v_account
      and (s.transaction_id, s.id)
        > (split_part(v_cursor, ':', 1)::xid8, split_part(v_cursor, ':', 2)::bigint)
      and (p_shadow or not s.shadow)
      and s.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    order by s.transaction_id, s.id
    limit p_limit
  ) as n;
  return v_answer;
end
$$;

comment on function public.signals_since(text, integer, boolean) is
  'Your signals after a cursor, oldest first, and the next cursor; misses none that commits late.';

-- sql/20_functions/skip_waiting.sql
-- Before a tenant goes with its account: the slots of its waiting jobs, which go with it, end as
-- skipped, so that every slot that was due stays accounted for. What is leased is judged when it is
-- completed. Definer: who deletes an account may not write what it writes.
create or replace function candlewatch.skip_waiting()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with waiting as materialized (
    select r.dispatch_id, r.attempt, t.trader_id
    from candlewatch.ready as r
    cross join lateral unnest(r.trader_ids) as t (trader_id)
    where r.account_id = old.account_id
    union all
    select r.dispatch_id, r.attempt, t.trader_id
    from candlewatch.retries as r
    cross join lateral unnest(r.trader_ids) as t (trader_id)
    where r.account_id = old.account_id
  ),
  counted as (
    insert into candlewatch.tallies (dispatch_id, skipped_count)
    select w.dispatch_id, count(*) from waiting as w group by w.dispatch_id
  )
  insert into candlewatch.slot_outcomes (
    dispatch_id, trader_id, account_id, outcome, reason, attempt, ended_at
  )
  select w.dispatch_id, w.trader_id, old.account_id, 'skipped', 'the account was deleted', w.attempt,
    candlewatch.lease_clock()
  from waiting as w;
  return old;
end
$$;
comment on function candlewatch.skip_waiting() is
  'Trigger: waiting slots of a deleted account end as skipped.';

-- sql/20_functions/start_run.sql
-- Notes that a function runs. Definer: the worker may call this and may not touch the tables.
create or replace function worker.start_run(
  p_function text,
  p_worker text,
  p_cold boolean
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_run bigint;
begin
  insert into candlewatch.runs (function_name, worker, cold, started_at)
  values (left(p_function, 100), left(p_worker, 200), coalesce(p_cold, false),
    candlewatch.lease_clock())
  returning id into v_run;
  return jsonb_build_object('run', v_run);
end
$$;
comment on function worker.start_run(text, text, boolean) is 'Notes that a function runs.';

-- sql/20_functions/start_trader.sql
-- Starts a trader, or tries one in error again. Returns its state.
create or replace function public.start_trader(
  p_trader uuid,
  p_version integer default null
)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.switch_trader(p_trader, true, p_version))
$$;

comment on function public.start_trader(uuid, integer) is
  'Starts a trader, if it still is at the given version; returns its state.';

-- sql/20_functions/stop_failing.sql
-- Moves running traders whose failures in a row reached the limit to error, with the reason that
-- their owner sees, under the locks on their states.
create or replace function candlewatch.stop_failing(p_verdicts candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_failed record;
begin
  for v_failed in
    select v.trader_id, max(v.reason) as reason
    from unnest(p_verdicts) as v
    join public.trader_states as s on s.trader_id = v.trader_id
    join candlewatch.trader_memory as m on m.trader_id = v.trader_id
    cross join candlewatch.settings as c
    where v.outcome = 'failed' and s.state = 'running' and m.failure_count >= c.failures_to_stop
    group by v.trader_id
    order by v.trader_id
  loop
    perform candlewatch.apply_event(v_failed.trader_id, 'fail', v_failed.reason);
  end loop;
end
$$;
comment on function candlewatch.stop_failing(candlewatch.verdict[]) is
  'Moves traders that failed too often in a row to error.';

-- sql/20_functions/stop_trader.sql
-- Stops a trader: when this has committed it gives no more signals. Returns its state.
create or replace function public.stop_trader(
  p_trader uuid,
  p_version integer default null
)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.switch_trader(p_trader, false, p_version))
$$;

comment on function public.stop_trader(uuid, integer) is
  'Stops a trader, if it still is at the given version; returns its state.';

-- sql/20_functions/store_frame.sql
-- Stores one frame. The same bytes again change nothing; other bytes are a repair and raise the
-- revision. Returns 'stored', 'revised' or 'same'. Refuses (CW002) what is no frame of a closed
-- candle.
create or replace function candlewatch.store_frame(
  p_timeframe text,
  p_open_time timestamptz,
  p_packed bytea
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_before candlewatch.frames;
begin
  perform candlewatch.require_frame(p_timeframe, p_open_time, p_packed);
  select f.* into v_before
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time = p_open_time
  for update;
  if not found then
    insert into candlewatch.frames (timeframe, open_time, packed, unknown_count, stored_at)
    values (p_timeframe, p_open_time, p_packed, candlewatch.count_unknown(p_packed), candlewatch.now())
    on conflict (timeframe, open_time) do nothing;
    return case when found then 'stored' else 'same' end;
  end if;
  if v_before.packed = p_packed then
    return 'same';
  end if;
  update candlewatch.frames as f
  set packed = p_packed,
    revision = f.revision + 1,
    unknown_count = candlewatch.count_unknown(p_packed),
    absent_count = 0,
    stored_at = candlewatch.now()
  where f.timeframe = p_timeframe and f.open_time = p_open_time;
  return 'revised';
end
$$;
comment on function candlewatch.store_frame(text, timestamptz, bytea) is
  'Stores one packed frame; changed bytes raise its revision.';

-- sql/20_functions/store_frames.sql
-- Stores frames of backfill and repair; a changed frame gets the next revision. Never dispatches.
-- Functions that hold older frames of the timeframe learn of it by its count of repairs. Definer:
-- the worker may call this and may not touch the tables.
create or replace function worker.store_frames(
  p_timeframe text,
  p_frames jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_stored integer;
  v_revised integer;
begin
  select count(*) filter (where s.outcome = 'stored'), count(*) filter (where s.outcome = 'revised')
  into v_stored, v_revised
  from (
    select candlewatch.store_frame(
      p_timeframe, f.open_time, decode(f."values", 'base64')
    ) as outcome
    from (
      select f.open_time, f."values"
      from jsonb_to_recordset(p_frames) as f (open_time timestamptz, "values" text)
      order by f.open_time
    ) as f
  ) as s;
  update candlewatch.repairs as r
  set repair_count = r.repair_count + 1
  where r.timeframe = p_timeframe and v_stored + v_revised > 0;
  return jsonb_build_object('stored', v_stored, 'revised', v_revised);
end
$$;
comment on function worker.store_frames(text, jsonb) is
  'Stores frames of backfill and repair; never dispatches.';

-- sql/20_functions/store_symbols.sql
-- Stores the exchange's list: new symbols get the next positions in the order of the array, known
-- ones keep theirs, absent ones stop trading. An empty list is refused (CW002): it would stop
-- everything. The revision goes up when anything changed; universes follow with the next ticks, the
-- first of them here. The history of symbols that begin to trade is planned. Definer: the worker
-- may call this and may not touch the tables.
create or replace function worker.store_symbols(p_symbols jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_revision bigint;
  v_changed integer;
  v_began boolean;
begin
  if coalesce(jsonb_array_length(p_symbols), 0) = 0 then
    perform candlewatch.refuse('CW002', 'the list of symbols is empty',
      'send the whole list of the exchange');
  end if;
  select r.revision into v_revision from candlewatch.symbol_revision as r for update;
  v_began := exists (
    select from jsonb_array_elements(p_symbols) as e (listed)
    where (e.listed ->> 'trading')::boolean and not exists (
      select from public.symbols as s where s.symbol = e.listed ->> 'symbol' and s.trading
    )
  );
  v_changed := candlewatch.merge_symbols(p_symbols);
  if v_changed > 0 then
    update candlewatch.symbol_revision as r set revision = r.revision + 1
    returning r.revision into v_revision;
    perform candlewatch.refresh_universes(200);
  end if;
  if v_began then
    perform candlewatch.plan_listings(v_revision);
  end if;
  return jsonb_build_object('revision', v_revision);
end
$$;
comment on function worker.store_symbols(jsonb) is
  'Stores the exchange''s list of symbols; positions are given once.';

-- sql/20_functions/switch_trader.sql
-- Starts or stops one trader for the caller who owns it. It only sets traders.enabled, as the
-- dashboard does; starting one that is enabled and yet in error or stopped tries it again. With
-- p_version the switch happens only if the state is still the one that the caller has seen.
-- Definer: locks rows that users may only read.
create or replace function candlewatch.switch_trader(
  p_trader uuid,
  p_enabled boolean,
  p_version integer default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account uuid;
  v_trader record;
begin
  select t.account_id into v_account
  from public.traders as t
  where t.id = p_trader and candlewatch.owns(t.account_id)
  for update;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  perform from public.accounts as a where a.id = v_account for no key update;
  select t.enabled, s.state, s.version into v_trader
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  where t.id = p_trader
  for update of s;
  if p_version <> v_trader.version then
    perform candlewatch.refuse('CW005',
      format('the trader is at version %s, not %s', v_trader.version, p_version),
      'read its state again, then decide');
  end if;

  if p_enabled <> v_trader.enabled then
    update public.traders as t set enabled = p_enabled where t.id = p_trader;
  elsif p_enabled and v_trader.state in ('error', 'stopped') then
    perform candlewatch.require_tier(array[p_trader]);
    perform candlewatch.forget_failed_check(p_trader);
    perform candlewatch.apply_event(p_trader, 'start');
    perform candlewatch.settle_traders(array[p_trader]);
  end if;
  return candlewatch.describe_trader(p_trader);
end
$$;

comment on function candlewatch.switch_trader(uuid, boolean, integer) is
  'Starts or stops a trader of the caller, at a version if one is given; returns its state.';

-- sql/20_functions/sync_tenant.sql
-- Copies an account's cap and weight from its tier, making its tenant and seat where there are none.
-- Locks the tenant and nothing after it: traders' universes follow with the review of the quota,
-- since whoever completes locks what traders remember before their tenants. Jobs that are leased
-- stay leased; a lower cap holds for the next claim.
create or replace function candlewatch.sync_tenant(p_account uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tier public.tiers;
begin
  select r.* into v_tier
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id = p_account;
  insert into candlewatch.tenants (account_id) values (p_account) on conflict do nothing;
  if found then
    insert into candlewatch.seats (account_id, concurrency_limit, weight)
    values (p_account, v_tier.concurrency_limit, v_tier.weight);
    return;
  end if;
  perform candlewatch.lock_tenants(array[p_account]);
  update candlewatch.seats as s
  set turn = s.turn + 1,
    concurrency_limit = v_tier.concurrency_limit,
    weight = v_tier.weight,
    lowered_at = case
      when v_tier.concurrency_limit < s.concurrency_limit then candlewatch.lease_clock()
      else s.lowered_at
    end,
    head_tag = case
      when s.ready_count > 0 and s.leased_count < v_tier.concurrency_limit
        then coalesce(s.head_tag, s.first_tag)
    end
  where s.account_id = p_account;
end
$$;
comment on function candlewatch.sync_tenant(uuid) is
  'Copies an account''s cap and weight from its tier to the queue.';

-- sql/20_functions/take_call.sql
-- Takes one call from the signed-in user's bucket. Null: go on. Else the answer of a refused call,
-- with status 429 and Retry-After set: the caller returns it, so that the refusal is committed and
-- counted (an exception would undo the count). Operators are not limited. Definer: users may not
-- touch their buckets.
create or replace function candlewatch.take_call()
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_user uuid := auth.uid();
  v_limit integer;
  v_now timestamptz := candlewatch.lease_clock();
  v_left double precision;
  v_wait integer;
begin
  select r.calls_per_minute into v_limit
  from public.accounts as a join public.tiers as r on r.name = a.tier where a.id = v_user;
  if not found or candlewatch.caller_role() <> 'authenticated' then
    return null;
  end if;
  insert into candlewatch.call_buckets (account_id, calls_left, filled_at)
  values (v_user, v_limit, v_now)
  on conflict (account_id) do nothing;
  select least(v_limit, b.calls_left
    + greatest(extract(epoch from v_now - b.filled_at)::float8, 0) * v_limit / 60)
  into v_left
  from candlewatch.call_buckets as b where b.account_id = v_user for update;
  update candlewatch.call_buckets as b
  set calls_left = case when v_left >= 1 then v_left - 1 else v_left end,
    filled_at = v_now,
    refused_count = b.refused_count + case when v_left >= 1 then 0 else 1 end
  where b.account_id = v_user;
  if v_left >= 1 then
    return null;
  end if;
  v_wait := ceil((1 - v_left) * 60 / v_limit)::integer;
  perform set_config('response.status', '429', true);
  perform set_config('response.headers',
    jsonb_build_array(jsonb_build_object('Retry-After', v_wait::text))::text, true);
  return jsonb_build_object(
    'code', 'CW007',
    'message', format(
      'this account makes at most %s changing calls a minute (calls_per_minute)', v_limit
    ),
    'hint', format('wait %s seconds, or change to a larger tier', v_wait),
    'details', v_wait
  );
end
$$;

comment on function candlewatch.take_call() is
  'Takes one call from the user''s bucket: null, or the answer of a call over the rate limit.';

-- sql/20_functions/take_jobs.sql
-- Leases ready jobs to a token: walks tenants with ready work and room in the order of their heads,
-- takes at most one turn of each (by its weight) and never more than its room, within the global
-- room. Each step is a statement of its own: a lock on a tenant does not refresh the snapshot of its
-- seat and its jobs. Locks the tenants, then queue_state. Returns how many jobs.
create or replace function candlewatch.take_jobs(
  p_token uuid,
  p_worker text,
  p_limit integer,
  p_cost_limit float8,
  p_lease_seconds float8
)
returns integer
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_locked uuid[];
  v_walk record;
  v_room integer;
  v_turn integer;
  v_changes candlewatch.tenant_change[];
  v_jobs integer;
  v_now timestamptz;
begin
  select s.jobs_per_turn into v_turn from candlewatch.settings as s;
  v_locked := candlewatch.walk_tenants(p_limit);
  select array_agg(s.account_id) as accounts, array_agg(s.first_tag) as tags,
    array_agg(least(s.concurrency_limit - s.leased_count, ceil(v_turn * s.weight)::integer))
      as rooms,
    min(s.head_tag) as lowest, max(s.head_tag) as highest
  into v_walk
  from unnest(v_locked) as w (account_id)
  cross join lateral (
    select n.* from candlewatch.seats as n
    where n.account_id = w.account_id order by n.turn desc limit 1
  ) as s
  where s.head_tag is not null;
  select s.leased_limit - q.leased_count into v_room
  from candlewatch.queue_state as q
  cross join candlewatch.settings as s
  where v_walk.accounts is not null
  for no key update of q;
  v_changes := candlewatch.lease_jobs(
    p_token, v_walk.accounts, v_walk.tags, v_walk.rooms, least(p_limit, v_room), p_cost_limit
  );
  if v_changes is null then
    return 0;
  end if;
  perform candlewatch.seat_tenants(v_changes);
  select sum(c.leased_delta) into v_jobs from unnest(v_changes) as c;
  v_now := candlewatch.lease_clock();
  insert into candlewatch.leases (token, worker, granted_at, lease_until, job_count)
  values (p_token, p_worker, v_now, v_now + make_interval(secs => p_lease_seconds), v_jobs);
  update candlewatch.queue_state as q
  set leased_count = q.leased_count + v_jobs,
    serving_tag = greatest(q.serving_tag, v_walk.highest),
    floor_tag = greatest(q.floor_tag, v_walk.lowest);
  return v_jobs;
end
$$;
comment on function candlewatch.take_jobs(uuid, text, integer, float8, float8) is
  'Leases ready jobs to a token, in fair order, within every tenant''s cap and the global one.';

-- sql/20_functions/take_step.sql
-- One step of the tick by its name; null when its schedule is not due.
create or replace function candlewatch.take_step(p_step text)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
begin
  select s.* into v_settings from candlewatch.settings as s;
  case p_step
    when 'partitions' then perform candlewatch.prepare_partitions();
    when 'lapsed' then return candlewatch.return_lapsed();
    when 'tasks' then
      return (
        select sum(candlewatch.return_lapsed_tasks(k.kind, 100))
        from unnest(array['ingest', 'backfill', 'universe', 'check']) as k (kind)
      );
    when 'ingest' then return candlewatch.plan_ingest()::integer;
    when 'universe' then
      if candlewatch.take_turn('universe') or not exists (select from public.symbols) then
        return (candlewatch.plan_universe() is not null)::integer;
      end if;
    when 'history' then
      if candlewatch.take_turn('history') then return candlewatch.plan_history(); end if;
    when 'repair' then
      if candlewatch.take_turn('repair') then return candlewatch.plan_repair(); end if;
    when 'universes' then return candlewatch.refresh_universes(100);
    when 'quotas' then return candlewatch.enforce_quotas(100);
    when 'starting' then return candlewatch.settle_late(100);
    when 'retries' then return candlewatch.ready_retries(v_settings.sweep_jobs);
    when 'expired' then return candlewatch.expire_waiting(v_settings.sweep_jobs);
    when 'caught up' then return candlewatch.open_catch_ups();
    when 'enqueued' then return candlewatch.enqueue_chunks(v_settings.tick_chunks);
    when 'tallies' then
      perform candlewatch.lift_heads();
      return candlewatch.fold_tallies(5000);
    when 'retention' then
      if candlewatch.take_turn('retention') then return candlewatch.prune(1000); end if;
    when 'reckoning' then
      if candlewatch.take_turn('reckoning') then return candlewatch.reckon(); end if;
    when 'wakes' then
      return (select sum(candlewatch.wake(f.name)) from candlewatch.functions as f);
  end case;
  return null;
end
$$;
comment on function candlewatch.take_step(text) is 'One step of the tick, by its name.';

-- sql/20_functions/take_turn.sql
-- Whether a schedule is due; notes that it is done now. Held by the tick, which is alone.
create or replace function candlewatch.take_turn(p_name text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.schedules as s
  set last_at = candlewatch.lease_clock()
  where s.name = p_name and s.enabled
    and (
      s.last_at is null
      or s.last_at > candlewatch.lease_clock()
      or s.last_at + s.every <= candlewatch.lease_clock()
    );
  return found;
end
$$;
comment on function candlewatch.take_turn(text) is
  'Whether a schedule is due; if so it counts as done now.';

-- sql/20_functions/texts.sql
-- A list of texts in JSON as an array; an absent list is an empty one.
create or replace function candlewatch.texts(p_list jsonb)
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array(select jsonb_array_elements_text(coalesce(p_list, '[]'::jsonb)))
$$;

comment on function candlewatch.texts(jsonb) is 'A JSON list of texts as an array.';

-- sql/20_functions/tick.sql
-- Does what is due by the rows, whoever calls it and however often: one caller at a time (the
-- others return at once), each step bounded and undone alone when it fails, no step waiting longer
-- for a lock than a tenth of a second. Returns what each step counted.
create or replace function candlewatch.tick()
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_step text;
  v_count integer;
  v_counts jsonb := jsonb '{}';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('candlewatch.tick', 0)) then
    return jsonb '{"busy": 1}';
  end if;
  perform set_config('lock_timeout', '100ms', true);
  foreach v_step in array array[
    'partitions', 'lapsed', 'tasks', 'ingest', 'universe', 'history', 'repair', 'universes',
    'quotas', 'starting', 'retries', 'expired', 'tallies', 'caught up', 'enqueued', 'retention', 'reckoning',
    'wakes'
  ] loop
    begin
      v_count := candlewatch.take_step(v_step);
      v_counts := v_counts || jsonb_build_object(v_step, v_count);
    exception
      when others then
        raise warning 'step % of the tick failed: % (%)', v_step, sqlerrm, sqlstate;
        v_counts := v_counts || jsonb_build_object('failed', coalesce(v_counts -> 'failed', '{}')
          || jsonb_build_object(v_step, sqlerrm));
    end;
  end loop;
  update candlewatch.schedules as s
  set last_at = candlewatch.lease_clock()
  where s.name = 'tick';
  return jsonb_strip_nulls(v_counts);
end
$$;
comment on function candlewatch.tick() is
  'Does what is due: returns lapsed leases, plans tasks, enqueues, prunes, wakes. Harmless to repeat.';

-- sql/20_functions/tick_for_a_minute.sql
-- Ticks as often as schedules says until second 58 of this minute, each in its own transaction: for
-- pg_cron before 1.5, which starts jobs by the minute. A tick that fails ends nothing but itself; a
-- call that starts late ends with the same minute. A procedure that commits may not set a
-- search_path: every name in it is qualified.
create or replace procedure candlewatch.tick_for_a_minute()
language plpgsql
as $$
declare
  v_every numeric;
  v_second numeric;
begin
  loop
    begin
      perform candlewatch.tick();
    exception
      when others then
        raise warning 'the tick failed: % (%)', sqlerrm, sqlstate;
    end;
    commit;
    select extract(epoch from s.every) into v_every
    from candlewatch.schedules as s
    where s.name = 'tick' and s.enabled;
    v_second := extract(second from pg_catalog.clock_timestamp());
    exit when v_every is null or v_second - v_second % v_every + v_every >= 58;
    perform pg_catalog.pg_sleep((v_every - v_second % v_every)::double precision);
  end loop;
end
$$;
comment on procedure candlewatch.tick_for_a_minute() is
  'Ticks until second 58, committing each time: for pg_cron without schedules in seconds.';

-- sql/20_functions/timeframe_problem.sql
-- What is wrong with the name of a timeframe, as a sentence; null when nothing is. Definer: reads
-- the list for callers who may not.
create or replace function candlewatch.timeframe_problem(p_timeframe text)
returns text
language sql
stable
security definer
set search_path = ''
as $$
  select format(
    'timeframe is one of %s, got %s',
    string_agg(f.name, ', ' order by f.length_ms),
    coalesce(left(p_timeframe, 40), 'nothing')
  )
  from candlewatch.timeframes as f
  having not coalesce(bool_or(f.name = p_timeframe), false)
$$;

comment on function candlewatch.timeframe_problem(text) is
  'What is wrong with the name of a timeframe, as a sentence, or null.';

-- sql/20_functions/told_before.sql
-- What a completion is told whose token does not hold the jobs it names: the latest answer as
-- "already" when this token completed all of them, else "fenced". One that names none means all
-- that the token ever held: if any of that was lost, or is still here with its lease over, it is
-- fenced. Changes nothing.
create or replace function candlewatch.told_before(
  p_token uuid,
  p_named bigint[]
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with told as materialized (
    select l.entry, l.outcome, l.job_ids, l.result
    from candlewatch.lease_log as l
    where l.token = p_token
  )
  select coalesce(
    (
      select t.result || '{"outcome": "already"}'
      from told as t
      where t.outcome = 'completed'
        and case
          when p_named is null then
            not exists (select from candlewatch.leases as l where l.token = p_token)
            and not exists (select from told as o where o.outcome <> 'completed')
          else p_named <@ (
            select array_agg(j)
            from told as o
            cross join lateral unnest(o.job_ids) as j
            where o.outcome = 'completed'
          )
        end
      order by t.entry desc
      limit 1
    ),
    '{"outcome": "fenced", "slots": {}, "signals": 0}'
  )
$$;
comment on function candlewatch.told_before(uuid, bigint[]) is
  'The answer to a completion whose jobs the token does not hold: already, or fenced.';

-- sql/20_functions/trader_status.sql
-- What a trader is doing and why, and what is known of its filter.
create or replace function public.trader_status(p_trader uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select candlewatch.read_trader(p_trader)
$$;

comment on function public.trader_status(uuid) is
  'What a trader is doing and why, with its filter''s needs or problems.';

-- sql/20_functions/universe_bits.sql
-- Resolves a stated universe against the exchange's list: bits by position, the revision of the
-- list, and the named symbols that the exchange does not list. Named symbols, or all trading ones
-- of the quote asset (USDT unless stated), without the excluded; the first so many by 24 h volume,
-- then by position.
create or replace function candlewatch.universe_bits(
  p_stated jsonb,
  p_limit integer,
  out revision bigint,
  out bits bit varying,
  out unknown_symbols text[]
)
returns record
language sql
stable
set search_path = ''
as $$
  with chosen as (
    select s.position
    from public.symbols as s
    where s.trading
      and case
        when p_stated ? 'symbols' then p_stated -> 'symbols' ? s.symbol
        else s.quote_asset = coalesce(p_stated ->> 'quote', 'USDT')
      end
      and not coalesce(p_stated -> 'exclude' ? s.symbol, false)
    order by s.quote_volume desc, s.position
    limit least(coalesce((p_stated ->> 'top')::integer, p_limit), p_limit)
  )
  select
    (select r.revision from candlewatch.symbol_revision as r),
    coalesce((
      select string_agg(case when c.position is null then '0' else '1' end, '' order by g.position)
      from generate_series(0, (select max(s.position) from public.symbols as s)) as g (position)
      left join chosen as c on c.position = g.position
    ), '')::bit varying,
    array(
      select n.name
      from jsonb_array_elements_text(coalesce(p_stated -> 'symbols', '[]'))
        with ordinality as n (name, place)
      where not exists (select from public.symbols as s where s.symbol = n.name)
      order by n.place
    )
$$;
comment on function candlewatch.universe_bits(jsonb, integer) is
  'Resolves a stated universe to bits by symbol position.';

-- sql/20_functions/universe_problem.sql
-- What is wrong with a universe, as a sentence; null when nothing is. Symbols that the exchange
-- does not list are no problem here: they may be listed later.
create or replace function candlewatch.universe_problem(p_universe jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_key text;
begin
  if jsonb_typeof(p_universe) is distinct from 'object' then
    return 'a universe is an object such as {"symbols": ["BTCUSDT"]}';
  end if;
  select k into v_key from jsonb_object_keys(p_universe) as k
  where k not in ('symbols', 'top', 'quote', 'exclude') order by k limit 1;
  if found then
    return format('a universe has symbols, top, quote and exclude, not %s', left(v_key, 40));
  end if;
  if p_universe ? 'symbols' and p_universe ? 'top' then
    return 'a universe has either symbols or top, not both';
  end if;
  foreach v_key in array array['symbols', 'exclude'] loop
    if p_universe ? v_key and (
      jsonb_typeof(p_universe -> v_key) <> 'array'
      or jsonb_path_exists(p_universe -> v_key, '$[*] ? (@.type() != "string")')
    ) then
      return format('%s of a universe is a list of names such as ["BTCUSDT"]', v_key);
    end if;
  end loop;
  if p_universe -> 'symbols' = '[]'::jsonb then
    return 'symbols of a universe names at least one symbol; leave it out for all';
  end if;
  if p_universe ? 'top' and (
    jsonb_typeof(p_universe -> 'top') <> 'number'
    or (p_universe ->> 'top') !~ '^[1-9][0-9]{0,4}$'
  ) then
    return 'top of a universe is a whole number of at least 1';
  end if;
  if p_universe ? 'quote' and coalesce(p_universe ->> 'quote', '') !~ '^[A-Z0-9]{2,10}$' then
    return 'quote of a universe is an asset such as USDT';
  end if;
  return null;
end
$$;

comment on function candlewatch.universe_problem(jsonb) is
  'What is wrong with a universe, as a sentence, or null.';

-- sql/20_functions/usage.sql
-- What the account has of each limit of its tier; a sentence warns from 80 % on.
create or replace function public.usage()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'tier', r.name,
    'traders', jsonb_build_object('used', a.trader_count, 'limit', r.traders_limit),
    'running', jsonb_build_object('used', a.running_count, 'limit', r.running_limit),
    'symbols_per_trader', r.symbols_limit,
    'shortest_timeframe', r.shortest_timeframe,
    'signals_per_candle', r.signals_per_candle,
    'calls_per_minute', r.calls_per_minute,
    'warnings', to_jsonb(array_remove(array[
      case when a.trader_count >= 0.8 * r.traders_limit then format(
        '%s of %s traders are used (traders_limit)', a.trader_count, r.traders_limit
      ) end,
      case when a.running_count >= 0.8 * r.running_limit then format(
        '%s of %s running traders are used (running_limit)', a.running_count, r.running_limit
      ) end
    ], null))
  )
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id = candlewatch.default_account()
$$;

comment on function public.usage() is
  'What the account uses of each limit of its tier, with warnings from 80 % on.';

-- sql/20_functions/waiting_slots.sql
-- The slots of up to p_limit jobs of a superseded dispatch that are ready or wait for a retry,
-- each with its share of its job's cost.
create or replace function candlewatch.waiting_slots(
  p_dispatch bigint,
  p_limit integer
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  select array_agg(row(
    j.id, j.account_id, j.dispatch_id, t, null, j.tag, j.attempt, j.lapses,
    j.cost / cardinality(j.trader_ids),
    'expired', 'a newer candle closed before this one was evaluated'
  )::candlewatch.verdict)
  from (
    select r.id, r.account_id, r.dispatch_id, r.tag, r.attempt, r.lapses, r.cost, r.trader_ids
    from candlewatch.ready as r
    where r.dispatch_id = p_dispatch
    union all
    select r.id, r.account_id, r.dispatch_id, r.tag, r.attempt, r.lapses, r.cost, r.trader_ids
    from candlewatch.retries as r
    where r.dispatch_id = p_dispatch
    limit p_limit
  ) as j
  cross join lateral unnest(j.trader_ids) as t
$$;
comment on function candlewatch.waiting_slots(bigint, integer) is
  'Slots of a superseded dispatch that still wait.';

-- sql/20_functions/wake.sql
-- Kicks a function: posts p_count signed requests (null: as many as its demand, less those that
-- run). A kick may be lost and is no record of work. Debounced, and capped by
-- functions.running_limit; nothing is sent where the address or the secret is not in Vault: the
-- function's own address, or that of all functions with its name behind it. The signature is
-- HMAC-SHA256 over time and body. Definer: reads the secret, on behalf of whoever changed a row
-- that made work.
create or replace function candlewatch.wake(
  p_function text,
  p_count integer default null
)
returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_count integer := coalesce(p_count, candlewatch.wake_demand(p_function));
  v_url text;
  v_secret text;
  v_time text := to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ');
  v_body jsonb := jsonb_build_object('function', p_function);
begin
  select coalesce(
      max(s.decrypted_secret) filter (where s.name = format('candlewatch_%s_url', p_function)),
      max(rtrim(s.decrypted_secret, '/') || '/' || p_function)
        filter (where s.name = 'candlewatch_functions_url')
    ),
    max(s.decrypted_secret) filter (where s.name = 'candlewatch_wake_secret')
  into v_url, v_secret
  from vault.decrypted_secrets as s
  where s.name in ('candlewatch_functions_url', 'candlewatch_wake_secret',
    format('candlewatch_%s_url', p_function));
  if v_count <= 0 or v_url is null or v_secret is null
    or not candlewatch.note_wake(p_function, v_count)
  then
    return 0;
  end if;
  perform net.http_post(
    url => v_url,
    body => v_body,
    headers => jsonb_build_object(
      'Content-Type', 'application/json',
      'x-candlewatch-time', v_time,
      'x-candlewatch-signature',
      encode(extensions.hmac(v_time || '.' || v_body::text, v_secret, 'sha256'), 'hex')
    ),
    timeout_milliseconds => 60000
  )
  from generate_series(1, v_count);
  return v_count;
end
$$;
comment on function candlewatch.wake(text, integer) is
  'Kicks a function with signed requests, as many as there is demand for.';

-- sql/20_functions/wake_demand.sql
-- How many runs of a function are wanted now, beyond those that run: for evaluate the waiting cost
-- over what one function works off in a second, for the others one per claim of waiting tasks, but
-- for backfill no more than may work on it (room_for_tasks); never more than the function's limit.
-- Slots that are no jobs yet are taken to be as many as at the last close. A run that has not ended
-- within its time counts as lost. A function that has to stay warm is wanted once in a while,
-- whatever waits.
create or replace function candlewatch.wake_demand(p_function text)
returns integer
language sql
stable
set search_path = ''
as $$
  select greatest(
    0,
    least(f.running_limit, w.wanted) - r.running,
    least(f.running_limit - r.running, c.closes)
  )::integer
  from candlewatch.functions as f
  cross join lateral (
    select case
      when p_function = 'evaluate' then (
        select greatest(
          ceil((coalesce(sum(s.cost), 0) + candlewatch.open_cost()) / f.cost_per_second)::integer,
          (exists (select from candlewatch.enqueues))::integer
        )
        from (select j.cost from candlewatch.ready as j limit 20000) as s
      )
      else (
        select greatest(
          least(
            ceil(count(*) / 20.0),
            ceil(count(*) filter (where t.kind <> 'backfill') / 20.0) + f.running_limit - 1
          )::integer,
          (coalesce(f.woken_at, '-infinity')
            < clock_timestamp() - make_interval(secs => f.awake_seconds))::integer
        )
        from candlewatch.tasks as t
        where t.state = 'ready' and t.due_at <= candlewatch.lease_clock()
          and (t.kind = 'check') = (p_function = 'check')
      )
    end as wanted
  ) as w
  cross join lateral (
    select count(*) as running
    from candlewatch.runs as x
    where x.function_name = p_function and x.ended_at is null
      and x.started_at > candlewatch.lease_clock() - make_interval(secs => f.run_seconds_limit)
  ) as r
  -- A close is fetched by a run of its own, whatever history another run is busy with; and a filter
  -- is not left to a run that may just be ending.
  cross join lateral (
    select count(*) as closes
    from (
      select
      from candlewatch.tasks as t
      where t.kind = p_function and p_function in ('ingest', 'check') and t.state = 'ready'
        and t.due_at <= candlewatch.lease_clock()
      limit 1
    ) as t
  ) as c
  where f.name = p_function
$$;
comment on function candlewatch.wake_demand(text) is
  'How many more runs of a function the waiting work asks for.';

-- sql/20_functions/walk_tenants.sql
-- Locks the tenants whom a claim of p_limit jobs serves: those with ready work and room, in the order
-- of their heads, passing over those that somebody else has (SKIP LOCKED). What their seats say has
-- to be read in a later statement, under these locks.
create or replace function candlewatch.walk_tenants(p_limit integer)
returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_width record;
begin
  select w.* into v_width from candlewatch.claim_width(p_limit) as w;
  return array(
    select t.account_id
    from candlewatch.seats as s
    join candlewatch.tenants as t on t.account_id = s.account_id
    where s.head_tag >= v_width.o_from_tag
    order by s.head_tag
    limit v_width.o_width
    for no key update of t skip locked
  );
end
$$;
comment on function candlewatch.walk_tenants(integer) is
  'Locks the tenants whom a claim serves, in fair order.';

-- sql/20_functions/write_signals.sql
-- Writes the matches that are kept as signals; the rest, and what lies inside a cooldown, is counted
-- as suppressed. Price, change and volume come from the stored frame, read once for each of its
-- candles. The unique key makes each signal once. Whatever has to follow a signal in the same
-- transaction hangs on this one statement.
create or replace function candlewatch.write_signals(p_entries candlewatch.entry[])
returns setof candlewatch.signal_count
language sql
volatile
set search_path = ''
rows 10
as $$
  with kept as (
    select m.*,
      row_number() over (partition by m.dispatch_id, m.position) = 1 as is_first_of_candle
    from candlewatch.list_matches(p_entries) as m
    where m.is_kept
  ),
  priced as (
    select k.*, max(c.price) over w as price, max(c.change_pct) over w as change_pct,
      max(c.volume) over w as volume, max(c.revision) over w as revision
    from kept as k
    -- Offset: a subquery of its own, which reads nothing for the others of the same candle.
    left join lateral (
      select f.* from candlewatch.candle_figures(k.timeframe, k.candle_at, k.position) as f
      where k.is_first_of_candle
      offset 0
    ) as c on true
    window w as (partition by k.dispatch_id, k.position)
  ),
  written as (
    insert into public.signals (
      trader_id, account_id, filter_id, symbol, timeframe, candle_at, price, change_pct, volume,
      "values", dispatch_id, frame_revision, created_at, shadow
    )
    select p.trader_id, p.account_id, p.filter_id, p.symbol, p.timeframe, p.candle_at, p.price,
      p.change_pct, p.volume, coalesce(p."values" -> p.position::text, '{}'), p.dispatch_id,
      p.revision, candlewatch.lease_clock(), p.shadow
    from priced as p
    on conflict (trader_id, symbol, timeframe, candle_at) do nothing
    returning dispatch_id
  )
  select e.dispatch_id, coalesce(w.signals, 0)::integer,
    (e.entered - coalesce(k.kept, 0))::integer
  from (
    select e.dispatch_id, sum(bit_count(e.entered)) as entered
    from unnest(p_entries) as e
    group by e.dispatch_id
  ) as e
  left join (
    select k.dispatch_id, count(*) as kept from kept as k group by k.dispatch_id
  ) as k on k.dispatch_id = e.dispatch_id
  left join (
    select w.dispatch_id, count(*) as signals from written as w group by w.dispatch_id
  ) as w on w.dispatch_id = e.dispatch_id
$$;
comment on function candlewatch.write_signals(candlewatch.entry[]) is
  'Writes signals, each once, within the cap per candle; returns the counts by dispatch.';
