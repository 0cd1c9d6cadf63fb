"""A simulated partner's memory: which commands it took, and what it still has to say. One SQLite file.

Plain statements, each committed before the method returns. `synchronous=NORMAL` survives the end of the process,
which is all that a simulation has to survive.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from partners.simulator.story import Outgoing, Target
from schemas.base import iso
from schemas.commands import PartnerCommand

_TABLES = """
CREATE TABLE IF NOT EXISTS command (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, reference TEXT, coi TEXT NOT NULL, order_number TEXT NOT NULL,
    stage TEXT NOT NULL, command TEXT NOT NULL, visit INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 1, looked_up INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS effect (number INTEGER PRIMARY KEY, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outgoing (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, coi TEXT NOT NULL, target TEXT NOT NULL,
    time_lapse REAL NOT NULL, to_whom TEXT, body TEXT NOT NULL, send_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting', postponed INTEGER NOT NULL DEFAULT 0, answer INTEGER);
CREATE INDEX IF NOT EXISTS outgoing_waiting ON outgoing (status, send_at);
CREATE INDEX IF NOT EXISTS outgoing_key ON outgoing (key, status);
CREATE TABLE IF NOT EXISTS patient (
    order_number TEXT PRIMARY KEY, protocol TEXT NOT NULL, coi TEXT, gone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS decision (
    id TEXT PRIMARY KEY, coi TEXT NOT NULL, stage TEXT, question TEXT NOT NULL, choice TEXT NOT NULL);
"""

_MESSAGE = "id, key, coi, target, time_lapse, to_whom, body, postponed"


@dataclass(frozen=True)
class Taken:
    """A command that was taken. `digest`: of its body."""

    digest: str
    reference: str | None


@dataclass(frozen=True)
class Waiting:
    """A message whose time has come. `postponed`: a fault has held it back once already."""

    id: str
    key: str
    coi: str
    target: Target
    time_lapse: float
    to: str | None
    body: dict[str, Any]
    postponed: bool


class Store:
    """Opens the file, or makes it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(f"BEGIN;{_TABLES}COMMIT;")

    def close(self) -> None:
        self._db.close()

    # commands

    def taken(self, key: str) -> Taken | None:
        row = self._db.execute("SELECT digest, reference FROM command WHERE key = ?", (key,)).fetchone()
        return Taken(*row) if row else None

    def take(
        self, command: PartnerCommand, digest: str, reference: str | None, messages: Iterable[Outgoing], cancels: str
    ) -> None:
        """The command and all that follows from it, in one transaction. `cancels`: a key, or empty."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO command (key, digest, reference, coi, order_number, stage, command, visit)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(command.key, digest, reference, command.coi, command.order),
                    *(command.stage, command.command, command.visit),
                ),
            )
            self._db.execute("INSERT INTO effect (key) VALUES (?)", (command.key,))
            self._drop("key = ?", cancels)
            self._put(command.key, command.coi, command.time_lapse, messages)

    def count_received(self, key: str) -> None:
        self._db.execute("UPDATE command SET received = received + 1 WHERE key = ?", (key,))

    def count_look_up(self, key: str) -> None:
        self._db.execute("UPDATE command SET looked_up = looked_up + 1 WHERE key = ?", (key,))

    # messages

    def schedule(self, key: str, coi: str, time_lapse: float, messages: Iterable[Outgoing]) -> None:
        """A message whose id is on file already is left as it is."""
        with self._transaction():
            self._put(key, coi, time_lapse, messages)

    def due(self, now: datetime, limit: int) -> list[Waiting]:
        rows = self._db.execute(
            f"SELECT {_MESSAGE} FROM outgoing WHERE status = 'waiting' AND send_at <= ?"
            " ORDER BY send_at, number LIMIT ?",
            (iso(now), limit),
        )
        return [_waiting(row) for row in rows]

    def next_send_at(self) -> datetime | None:
        (found,) = self._db.execute("SELECT min(send_at) FROM outgoing WHERE status = 'waiting'").fetchone()
        return datetime.fromisoformat(found) if found else None

    def still_waiting(self, message: Waiting) -> bool:
        """Whether it was not dropped since it was read."""
        return bool(
            self._db.execute("SELECT 1 FROM outgoing WHERE id = ? AND status = 'waiting'", (message.id,)).fetchone()
        )

    def is_waited_for(self, message: Waiting) -> bool:
        """Whether an earlier part of the story was held back until after this one."""
        found = self._db.execute(
            "SELECT 1 FROM outgoing held JOIN outgoing this ON this.id = ? WHERE held.key = this.key"
            " AND held.status = 'waiting' AND held.number < this.number AND held.send_at > this.send_at",
            (message.id,),
        )
        return bool(found.fetchone())

    def next_of_same_story(self, message: Waiting) -> datetime | None:
        """When the story goes on after this message; None if it is the last."""
        (found,) = self._db.execute(
            "SELECT min(later.send_at) FROM outgoing later JOIN outgoing this ON this.id = ? WHERE later.key = this.key"
            " AND later.status = 'waiting' AND later.target = this.target AND later.number > this.number",
            (message.id,),
        ).fetchone()
        return datetime.fromisoformat(found) if found else None

    def postpone(self, message: Waiting, until: datetime) -> None:
        self._db.execute("UPDATE outgoing SET send_at = ?, postponed = 1 WHERE id = ?", (iso(until), message.id))

    def settle(self, message: Waiting, status: str, answer: int | None) -> None:
        """`status`: `sent`, or `rejected` when the receiver will never take it."""
        self._db.execute("UPDATE outgoing SET status = ?, answer = ? WHERE id = ?", (status, answer, message.id))

    # patients and decisions

    def enrol(self, order: str, protocol: str, time_lapse: float, placing: Outgoing) -> bool:
        """A patient and the order that goes to Clew. False if the order was on file."""
        with self._transaction():
            new = self._db.execute(
                "INSERT OR IGNORE INTO patient (order_number, protocol) VALUES (?, ?)", (order, protocol)
            ).rowcount
            self._put(f"patient/{order}", "", time_lapse, [placing])
        return bool(new)

    def know_coi(self, order: str, coi: str) -> None:
        self._db.execute("UPDATE patient SET coi = ? WHERE order_number = ?", (coi, order))

    def patient_left(self, coi: str) -> None:
        with self._transaction():
            self._db.execute("UPDATE patient SET gone = 1 WHERE coi = ?", (coi,))
            self._drop("coi = ?", coi)

    def is_gone(self, coi: str) -> bool:
        return bool(self._db.execute("SELECT 1 FROM patient WHERE coi = ? AND gone = 1", (coi,)).fetchone())

    def protocol_of(self, order: str) -> str | None:
        row = self._db.execute("SELECT protocol FROM patient WHERE order_number = ?", (order,)).fetchone()
        return str(row[0]) if row else None

    def order_of(self, coi: str) -> str | None:
        row = self._db.execute("SELECT order_number FROM patient WHERE coi = ?", (coi,)).fetchone()
        return str(row[0]) if row else None

    def decided(self, coi: str, stage: str | None, question: str) -> int:
        """How often this question was decided before."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM decision WHERE coi = ? AND stage IS ? AND question = ?", (coi, stage, question)
        ).fetchone()
        return int(count)

    def remember_decision(self, identity: str, coi: str, stage: str | None, question: str, choice: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO decision (id, coi, stage, question, choice) VALUES (?, ?, ?, ?, ?)",
            (identity, coi, stage, question, choice),
        )

    # what an onlooker may see

    def state(self) -> dict[str, Any]:
        """Counts, and each command with how often it was received and took effect."""
        commands = self._db.execute(
            "SELECT command.key, command, order_number, stage, visit, received, looked_up, count(effect.number)"
            " FROM command LEFT JOIN effect ON effect.key = command.key GROUP BY command.key ORDER BY command.rowid"
        ).fetchall()
        names = ("key", "command", "order", "stage", "visit", "received", "looked_up", "effects")
        statuses = dict(self._db.execute("SELECT status, count(*) FROM outgoing GROUP BY status").fetchall())
        events = "SELECT count(*) FROM outgoing WHERE target = 'event' AND status = ?"
        return {
            "commands": [dict(zip(names, row, strict=True)) for row in commands],
            "repeated_effects": _repeated(commands),
            "waiting": statuses.get("waiting", 0),
            "dropped": statuses.get("dropped", 0),
            "sent_events": self._db.execute(events, ("sent",)).fetchone()[0],
            "rejected_events": self._db.execute(events, ("rejected",)).fetchone()[0],
            "patients": self._db.execute("SELECT count(*) FROM patient").fetchone()[0],
        }

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)

    def _put(self, key: str, coi: str, time_lapse: float, messages: Iterable[Outgoing]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO outgoing (key, coi, time_lapse, id, target, to_whom, body, send_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (key, coi, time_lapse, each.id, each.target, each.to, json.dumps(each.body), iso(each.at))
                for each in messages
            ],
        )

    def _drop(self, condition: str, value: str) -> None:
        self._db.execute(f"UPDATE outgoing SET status = 'dropped' WHERE status = 'waiting' AND {condition}", (value,))


class _Transaction:
    """`sqlite3` begins none by itself here, so that nothing is ever left open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, failed: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if failed else "COMMIT")


def _waiting(row: tuple[Any, ...]) -> Waiting:
    identity, key, coi, target, time_lapse, to, body, postponed = row
    return Waiting(identity, key, coi, cast(Target, target), time_lapse, to, json.loads(body), bool(postponed))


def _repeated(commands: Iterable[tuple[Any, ...]]) -> int:
    """How many effects there are beyond one for each thing to do, whatever keys it came under."""
    effects: dict[tuple[Any, ...], int] = {}
    for _key, command, order, stage, visit, _received, _looked_up, count in commands:
        thing = (command, order, stage, visit)
        effects[thing] = effects.get(thing, 0) + count
    return sum(count - 1 for count in effects.values())
