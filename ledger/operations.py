"""Putting what operators do on the record, in the transaction in which it takes effect."""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.record import Positions, last_seq, on_record, put_on_record
from schemas.facts import Fact
from schemas.operations import OPERATIONS, Operation, operations_chain


async def put_operation(session: AsyncSession, about: str, kind: str, said: Operation, by: str, now: datetime) -> int:
    """Append one entry to the chain of what is operated (see `operations_chain`); its number on that chain."""
    return await session.run_sync(lambda within: put_in_step(within.connection(), about, kind, said, by, now))


def put_in_step(connection: Connection, about: str, kind: str, said: Operation, by: str, now: datetime) -> int:
    """The same, for what already runs in step with the database."""
    assert isinstance(said, OPERATIONS[kind]), f"{kind} says something else"
    chain = operations_chain(about)
    # The lock before the look: what is on record cannot change between the two.
    positions = Positions(connection, 1)
    seq = last_seq(connection, chain) + 1
    data = said.model_dump(mode="json", exclude_defaults=True)
    fact = Fact(seq=seq, type=kind, occurred_at=now, actor=by, data=data)
    put_on_record(connection, chain, [fact], on_record(connection, chain, seq, seq), positions, now)
    return seq
