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
