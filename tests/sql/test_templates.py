"""Every template that ships is a filter that the engine accepts and that anybody may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.factories import make_account, make_trader

from candlewatch.filters import compile_filter
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from tests.fixtures.database import Database


def test_every_template_compiles_and_names_its_values(schema: Database) -> None:
    templates = schema.rows("select t.slug, t.filter, t.timeframe from public.templates as t")

    assert len(templates) == 10
    for slug, source, timeframe in templates:
        compiled = compile_filter(source, timeframe_named(timeframe))
        assert compiled.names, slug
        assert timeframe in compiled.needs


def test_every_template_may_run_in_the_free_tier(undone: Database) -> None:
    for source, timeframe, universe in undone.rows(
        "select t.filter, t.timeframe, t.universe from public.templates as t"
    ):
        account = make_account(undone, tier="free")
        make_trader(undone, account=account, filter=source, timeframe=timeframe, universe=universe)
