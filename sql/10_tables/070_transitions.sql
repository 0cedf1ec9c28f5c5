-- The state machine of a trader as rows: what is not here cannot happen. apply_events reads it.
create table candlewatch.transitions (
  from_state text not null,
  event text not null,
  to_state text not null,
  meaning text not null,
  constraint transitions_pkey primary key (from_state, event),
  constraint states_exist check (
    from_state in ('stopped', 'starting', 'running', 'error')
    and to_state in ('stopped', 'starting', 'running', 'error')
  )
);

comment on table candlewatch.transitions is
  'Which event moves a trader from which state to which; everything else is forbidden.';
comment on column candlewatch.transitions.from_state is 'State before.';
comment on column candlewatch.transitions.event is 'What happened.';
comment on column candlewatch.transitions.to_state is 'State after.';
comment on column candlewatch.transitions.meaning is 'When this happens.';

alter table candlewatch.transitions enable row level security;

insert into candlewatch.transitions (from_state, event, to_state, meaning) values
  ('stopped', 'start', 'starting', 'enabled was set, or a quota has room again'),
  ('stopped', 'edit', 'stopped', 'the filter changed while it was stopped'),
  ('starting', 'checked', 'running', 'the check found the filter good'),
  ('starting', 'refused', 'error', 'the check found problems; the reason names the first'),
  ('starting', 'edit', 'starting', 'the filter changed again before it was checked'),
  ('starting', 'stop', 'stopped', 'enabled was cleared'),
  ('starting', 'suspend', 'stopped', 'the account is over a limit of its tier'),
  ('running', 'edit', 'starting', 'the filter changed; the new one is checked first'),
  ('running', 'fail', 'error', 'five slots in a row failed; the reason is the last one''s'),
  ('running', 'stop', 'stopped', 'enabled was cleared'),
  ('running', 'suspend', 'stopped', 'the account is over a limit of its tier'),
  ('error', 'start', 'starting', 'its owner tries again'),
  ('error', 'edit', 'starting', 'the filter changed; the new one is checked'),
  ('error', 'stop', 'stopped', 'enabled was cleared'),
  ('error', 'suspend', 'stopped', 'the account is over a limit of its tier');
