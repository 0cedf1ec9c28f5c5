-- What a fresh local database starts with: the operator, to whom rows typed in the dashboard belong. On a
-- hosted project sign up as usual and set the tier of your account to operator instead.

insert into auth.users (id, email)
values ('00000000-0000-4000-8000-000000000001', 'operator@candlewatch.local')
on conflict (id) do nothing;

-- Supabase Auth reads these texts and does not expect null; the local stack has none of them.
do $$
declare
  v_column name;
begin
  for v_column in
    select a.attname
    from pg_catalog.pg_attribute as a
    where a.attrelid = 'auth.users'::regclass and not a.attisdropped
      and a.attname in (
        'confirmation_token', 'recovery_token', 'email_change', 'email_change_token_new'
      )
  loop
    execute format('update auth.users as u set %I = coalesce(u.%I, %L)', v_column, v_column, '');
  end loop;
end
$$;

update public.accounts as a
set tier = 'operator'
where a.id = '00000000-0000-4000-8000-000000000001';
