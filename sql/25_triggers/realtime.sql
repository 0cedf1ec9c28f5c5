-- Where Supabase Realtime exists, states and signals are pushed to their owners: each user may listen to
-- the private channel account:<user id> and to no other. Elsewhere nothing is made, and nothing costs.
do $$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    return;
  end if;
  create trigger states_are_broadcast
    after update on public.trader_states
    referencing old table as unchanged new table as changed
    for each statement execute function candlewatch.broadcast_states();

  create trigger signals_are_broadcast
    after insert on public.signals
    referencing new table as written
    for each statement execute function candlewatch.broadcast_signals();

  create policy owner_listens_to_own_channel on realtime.messages
    for select to authenticated
    using ((select realtime.topic()) = 'account:' || (select auth.uid()));
end
$$;
