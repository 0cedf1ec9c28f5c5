-- digest, hmac and gen_random_bytes of pgcrypto, for md5 and the SHA-2 family. Used only where the
-- server was built without OpenSSL, as the embedded binaries are; real pgcrypto wins where it exists.
-- Source: RFC 2104 (HMAC); FIPS 180-4 for the block lengths.

create function digest(bytea, text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
begin
  case pg_catalog.lower($2)
    when 'md5' then return pg_catalog.decode(pg_catalog.md5($1), 'hex');
    when 'sha224' then return pg_catalog.sha224($1);
    when 'sha256' then return pg_catalog.sha256($1);
    when 'sha384' then return pg_catalog.sha384($1);
    when 'sha512' then return pg_catalog.sha512($1);
    else raise exception 'Cannot use "%": No such hash algorithm', $2
      using errcode = 'invalid_parameter_value';
  end case;
end
$$;

create function digest(text, text) returns bytea
language sql immutable strict parallel safe
as $$ select @extschema@.digest(pg_catalog.convert_to($1, 'UTF8'), $2) $$;

create function hmac(bytea, bytea, text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = ''
as $$
declare
  v_block int := case when pg_catalog.lower($3) in ('sha384', 'sha512') then 128 else 64 end;
  v_key bytea := case
    when pg_catalog.octet_length($2) > v_block then @extschema@.digest($2, $3)
    else $2
  end;
  v_inner bytea;
  v_outer bytea;
begin
  v_key := v_key || pg_catalog.decode(
    pg_catalog.repeat('00', v_block - pg_catalog.octet_length(v_key)), 'hex'
  );
  v_inner := v_key;
  v_outer := v_key;
  for place in 0 .. v_block - 1 loop
    v_inner := pg_catalog.set_byte(v_inner, place, pg_catalog.get_byte(v_key, place) # 54);
    v_outer := pg_catalog.set_byte(v_outer, place, pg_catalog.get_byte(v_key, place) # 92);
  end loop;
  return @extschema@.digest(v_outer || @extschema@.digest(v_inner || $1, $3), $3);
end
$$;

create function hmac(text, text, text) returns bytea
language sql immutable strict parallel safe
as $$
  select @extschema@.hmac(
    pg_catalog.convert_to($1, 'UTF8'), pg_catalog.convert_to($2, 'UTF8'), $3
  )
$$;

create function gen_random_bytes(int) returns bytea
language plpgsql volatile strict parallel safe
set search_path = ''
as $$
declare
  v_bytes bytea := '';
begin
  if $1 < 1 or $1 > 1024 then
    raise exception 'Length not in range';
  end if;
  while pg_catalog.octet_length(v_bytes) < $1 loop
    -- Bytes 6 and 8 of a random UUID hold its version: take the others only.
    v_bytes := v_bytes || pg_catalog.substr(
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 11, 6
    );
  end loop;
  return pg_catalog.substr(v_bytes, 1, $1);
end
$$;
