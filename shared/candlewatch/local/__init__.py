"""The local stack: Postgres, PostgREST, gateway, function host and bridge on one machine.

Nothing here is deployed. It stands where Supabase and AWS Lambda stand in production, so that the
same SQL and the same handlers run on a laptop: `stack.py` puts the parts together, in this order.

1. `postgres.py` starts Postgres from given binaries, `bootstrap.py` makes of it what Supabase is.
2. `migrations.py` applies `supabase/migrations` and the seed.
3. `postgrest.py` starts PostgREST, `gateway.py` puts the one public address before everything.
4. `functions.py` runs `functions/<name>/handler.py` in processes of their own.
5. `bridge.py` plays pg_net and pg_cron.
"""
