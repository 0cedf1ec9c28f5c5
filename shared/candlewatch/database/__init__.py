"""The database as functions see it: the calls of the schema `worker`, over PostgREST."""

from candlewatch.database.worker import Database

__all__ = ["Database"]
