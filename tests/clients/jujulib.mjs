// jujulib watches a model and all models: `jujulib.mjs MULTIWATCHER FOLDER ws|websocket DATABASE_PY`.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as jujulib from "@canonical/jujulib/dist/api/client.js";
import AllModelWatcher from "@canonical/jujulib/dist/api/facades/all-model-watcher/index.js";
import AllWatcher from "@canonical/jujulib/dist/api/facades/all-watcher/index.js";
import Client from "@canonical/jujulib/dist/api/facades/client/index.js";
import Controller from "@canonical/jujulib/dist/api/facades/controller/index.js";
import websocket from "websocket";
import WebSocket from "ws";

const [program, folder, library, database] = process.argv.slice(2);
const MODEL = "a0000000-0000-4000-8000-000000000002";
const wsclass = library === "ws" ? WebSocket : websocket.w3cwebsocket;

function expect(is, what) {
  if (!is) throw new Error(`expected ${what}`);
  console.log(`  ${what}`);
}

function write(...command) {
  execFileSync("python3", [database, `${folder}/multiwatcher.db`, ...command]);
}

async function start(address) {
  const args = ["serve", "--json", "--listen", address];
  const server = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout });
  const [line] = await once(lines, "line");
  return { address: JSON.parse(line).address, server };
}

async function stop({ server }) {
  server.kill("SIGTERM");
  const [code] = await once(server, "exit");
  if (code !== 0) throw new Error(`the server ended with ${code}`);
}

async function login(path, address, facades) {
  const options = { wsclass, facades, debug: false };
  const credentials = { username: "ann", password: "s3cret" };
  const { conn, logout } = await jujulib.connectAndLogin(`wss://${address}${path}`, options, credentials);
  return { conn, logout };
}

const short = ({ deltas }) => deltas.map(([kind, operation, value]) => `${kind} ${operation} ${value.name ?? value.id}`);

async function watch(address) {
  const { conn, logout } = await login(`/model/${MODEL}/api`, address, [AllWatcher, Client]);
  const { "watcher-id": id } = await conn.facades.client.watchAll({});
  const next = async () => short(await conn.facades.allWatcher.next({ id }));
  return { conn, logout, id, next };
}

console.log(`jujulib with ${library}`);
const add = ["user", "add", "ann", "--access", "superuser", "--password-stdin"];
execFileSync(program, add, { cwd: folder, input: "s3cret\n" });
let running = await start("127.0.0.1:0");
write("seed");
// The service learns of the model a moment after it was written.
let watching;
for (let round = 0; !watching; round += 1) {
  watching = await watch(running.address).catch((error) => {
    if (round > 100 || !String(error).includes("unknown model")) throw error;
  });
}
const first = await watching.next();
expect(first.includes("unit change redis/0") && first.length === 4, "first state");
let told = watching.next();
write("unit", "redis/0", "blocked");
expect((await told).join() === "unit change redis/0", "change");
told = watching.next();
write("unit", "redis/1", "active");
expect((await told).join() === "unit change redis/1", "addition");
told = watching.next();
write("rm", "unit", "redis/1");
expect((await told).join() === "unit remove redis/1", "removal");
const waiting = watching.next().then(String, String);
await watching.conn.facades.allWatcher.stop({ id: watching.id });
expect((await waiting).includes("watcher was stopped"), "clean stop");
watching.logout();

const controller = await login("/api", running.address, [AllModelWatcher, Controller]);
const { "watcher-id": all } = await controller.conn.facades.controller.watchAllModels({});
const state = short(await controller.conn.facades.allModelWatcher.next({ id: all }));
expect(state.includes("model change prod"), "all models");
await controller.conn.facades.allModelWatcher.stop({ id: all });
controller.logout();

await stop(running);
running = await start(running.address);
watching = await watch(running.address);
expect((await watching.next()).includes("unit change redis/0"), "after a restart of the server");
watching.logout();
await stop(running);
process.exit(0);
