"""Another program that writes to the database: `database.py FILE put KIND ID JSON`, or `rm KIND ID`."""

import json
import sqlite3
import sys

MODEL = "a0000000-0000-4000-8000-000000000002"
PUT = (
    "INSERT INTO entity (kind, model, id, value) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kind, model, id) DO UPDATE SET value = excluded.value"
)


def connect(path):
    return sqlite3.connect(path, timeout=10, isolation_level=None)


def put(database, kind, id, /, **fields):
    database.execute(PUT, (kind, MODEL, id, json.dumps(fields)))


def remove(database, kind, name):
    database.execute("DELETE FROM entity WHERE kind = ? AND model = ? AND id = ?", (kind, MODEL, name))


def unit(database, name, status):
    agent, workload = {"current": "idle"}, {"current": status}
    fields = {"name": name, "application": "redis", "life": "alive", "machine-id": "0"}
    put(database, "unit", name, **fields, **{"agent-status": agent, "workload-status": workload})


def seed(database):
    put(database, "model", MODEL, name="prod", life="alive", owner="admin")
    put(database, "machine", "0", id="0", life="alive")
    put(database, "application", "redis", name="redis", life="alive", **{"charm-url": "ch:amd64/jammy/redis-7"})
    unit(database, "redis/0", "active")


if __name__ == "__main__":
    database, (command, *rest) = connect(sys.argv[1]), sys.argv[2:]
    if command == "seed":
        seed(database)
    elif command == "unit":
        unit(database, *rest)
    elif command == "rm":
        remove(database, *rest)
    else:
        sys.exit(f"expected seed, unit or rm, got {command}")
