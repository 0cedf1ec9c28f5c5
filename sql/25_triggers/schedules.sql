-- What happens when the operator changes how often the system ticks, or switches it off.
create trigger job_follows_the_schedule
  after insert or delete or update of every, enabled on candlewatch.schedules
  for each statement execute function candlewatch.follow_schedule();
