"""python-libjuju watches a model through its whole life: `python_libjuju.py MULTIWATCHER FOLDER`."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
import warnings

from juju.controller import Controller
from juju.model import Model

import database as db

LONG = 60


class Server:
    """`multiwatcher serve`, as a process of its own."""

    def __init__(self, program, folder, address="127.0.0.1:0"):
        command = [program, "serve", "--json", "--listen", address]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True)
        facts = json.loads(self.process.stdout.readline())
        self.address, self.certificate = facts["address"], facts["certificate"]

    def stop(self, watched=False):
        """It ends in good order, and says how many connections did not close. Nobody else runs meanwhile, so a client that watches cannot
        close its own. Let run, it would never come back: its first try to connect again finds no server, and what it takes for three more
        tries asks the failed first one again."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=LONG)
        expected = "note: 1 connection did not close in time\n" if watched else ""
        assert (self.process.returncode, said) == (0, expected), (self.process.returncode, said)


def add_user(program, folder, name, password):
    command = [program, "user", "add", name, "--access", "superuser", "--password-stdin"]
    subprocess.run(command, cwd=folder, input=password, text=True, check=True, stdout=subprocess.DEVNULL)


async def until(what, is_so):
    # Not by the client's `block_until`, which gives up when it finds the connection broken, though it is being made anew.
    async with asyncio.timeout(LONG):
        while not is_so():
            await asyncio.sleep(0.05)
    print(f"  {what}", flush=True)


async def main(program, folder):
    add_user(program, folder, "ann", "s3cret")
    server = Server(program, folder)
    database = db.connect(f"{folder}/multiwatcher.db")
    db.seed(database)
    with open(server.certificate) as file:
        trusted = file.read()
    place = {"endpoint": server.address, "username": "ann", "cacert": trusted}

    model = Model()
    await asyncio.wait_for(model.connect(uuid=db.MODEL, password="s3cret", **place), LONG)
    assert model.name == "prod" and list(model.units) == ["redis/0"] and list(model.machines) == ["0"]
    print("  first state", flush=True)
    db.unit(database, "redis/0", "blocked")
    await until("change", lambda: model.units["redis/0"].workload_status == "blocked")
    db.unit(database, "redis/1", "active")
    await until("addition", lambda: "redis/1" in model.units)
    db.remove(database, "unit", "redis/1")
    await until("removal", lambda: "redis/1" not in model.units)
    status = await asyncio.wait_for(model.get_status(), LONG)
    assert list(status.applications["redis"].units) == ["redis/0"], status.applications
    print("  full status", flush=True)

    server.stop(watched=True)
    server = Server(program, folder, server.address)
    db.unit(database, "redis/2", "active")
    await until("after a restart of the server", lambda: "redis/2" in model.units)
    await asyncio.wait_for(model.disconnect(), LONG)
    print("  clean stop", flush=True)

    controller = Controller()
    await asyncio.wait_for(controller.connect(password="s3cret", **place), LONG)
    assert await controller.model_uuids() == {"prod": db.MODEL}
    await asyncio.wait_for(controller.disconnect(), LONG)
    print("  controller", flush=True)
    try:
        await asyncio.wait_for(Model().connect(uuid=db.MODEL, password="wrong", **place), LONG)
        raise AssertionError("a wrong password was taken")
    except Exception as error:
        assert "invalid entity name or password" in str(error), error
    print("  wrong password", flush=True)
    server.stop()


if __name__ == "__main__":
    # The client complains of itself: of a ping that it forgot, and of a connection that is gone.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    print("python-libjuju", flush=True)
    asyncio.run(main(*sys.argv[1:]))
