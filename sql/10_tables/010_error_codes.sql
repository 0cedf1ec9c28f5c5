-- Every error that Candlewatch raises itself, once. Callers map by code, never by text.
create table candlewatch.error_codes (
  code text not null,
  name text not null,
  http_status integer not null,
  meaning text not null,
  constraint error_codes_pkey primary key (code),
  constraint name_is_given_once unique (name),
  constraint code_is_ours check (code ~ '^CW[0-9]{3}$'),
  constraint http_status_is_an_error check (http_status between 400 and 599)
);

comment on table candlewatch.error_codes is
  'The SQLSTATEs that Candlewatch raises, with the HTTP status that the API answers with.';
comment on column candlewatch.error_codes.code is 'SQLSTATE, and the "code" of the API''s error.';
comment on column candlewatch.error_codes.name is 'What programmers call it.';
comment on column candlewatch.error_codes.http_status is 'Status of the API''s answer.';
comment on column candlewatch.error_codes.meaning is
  'What happened, and what the caller should do.';

alter table candlewatch.error_codes enable row level security;

insert into candlewatch.error_codes (code, name, http_status, meaning) values
  ('CW001', 'lease_lost', 409, 'The token is stale: drop the work, another worker has it or will.'),
  ('CW002', 'refused_input', 400, 'The input breaks a rule that the message names: correct it.'),
  ('CW003', 'over_quota', 403, 'A limit of the tier is reached: free a place or change the tier.'),
  ('CW004', 'not_found', 404, 'It does not exist, or it is not yours.'),
  ('CW005', 'forbidden_transition', 409, 'That cannot happen in this state: read the state again.'),
  ('CW006', 'forbidden_edit', 403, 'This is written by functions alone: use the call in the hint.'),
  ('CW007', 'rate_limited', 429, 'Too many calls in a minute: wait as long as Retry-After says.'),
  ('CW008', 'key_reused', 409, 'The idempotency key was used for another request: choose another.'),
  ('CW009', 'signed_out', 401, 'The call needs a signed-in user: send the user''s token.'),
  ('CW010', 'too_large', 413, 'The request is larger than the limit: send less at once.');
