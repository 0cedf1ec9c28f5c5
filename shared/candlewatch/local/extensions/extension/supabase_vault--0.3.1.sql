-- The table, view and functions of the Supabase Vault as callers see them. Nothing is encrypted here:
-- the data directory belongs to one machine, and its passwords lie beside it.
-- Source: supabase.com/docs/guides/database/vault; github.com/supabase/vault, sql.

create table vault.secrets (
  id uuid primary key default pg_catalog.gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create unique index secrets_name_idx on vault.secrets (name) where name is not null;

create view vault.decrypted_secrets as
select
  secret.id,
  secret.name,
  secret.description,
  secret.secret,
  secret.secret as decrypted_secret,
  secret.key_id,
  secret.nonce,
  secret.created_at,
  secret.updated_at
from vault.secrets as secret;

create function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
) returns uuid
language sql
security definer
set search_path = ''
as $$
  insert into vault.secrets (secret, name, description, key_id)
  values (new_secret, new_name, new_description, new_key_id)
  returning id
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
) returns void
language sql
security definer
set search_path = ''
as $$
  update vault.secrets as secret
  set
    secret = coalesce(new_secret, secret.secret),
    name = coalesce(new_name, secret.name),
    description = coalesce(new_description, secret.description),
    key_id = coalesce(new_key_id, secret.key_id),
    updated_at = current_timestamp
  where secret.id = secret_id
$$;

revoke all on vault.secrets, vault.decrypted_secrets from public;
revoke all on function vault.create_secret(text, text, text, uuid) from public;
revoke all on function vault.update_secret(uuid, text, text, text, uuid) from public;
grant usage on schema vault to postgres with grant option;
grant select, delete on vault.secrets, vault.decrypted_secrets to postgres with grant option;
grant execute on function vault.create_secret(text, text, text, uuid) to postgres with grant option;
grant execute on function vault.update_secret(uuid, text, text, text, uuid)
to postgres with grant option;
