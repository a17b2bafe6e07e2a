// Shows the events of this service. Everything is set as text, never as markup.
"use strict";

const SHOWN = 100;
const NAMES = {
  connections: "connections",
  watchers: "watchers",
  watchers_behind: "watchers behind",
  calls_waiting: "calls that wait",
  revno: "revno",
  entities: "entities",
  tombstones: "tombstones",
  queued: "notices queued",
  quarantined: "ids in quarantine",
  restarts: "restarts",
  failures: "failures",
};

const state = document.getElementById("state");
const rows = document.querySelector("#numbers tbody");
const list = document.getElementById("deltas");
const cells = {};
let ended = "";

for (const [key, name] of Object.entries(NAMES)) {
  const row = rows.insertRow();
  const head = document.createElement("th");
  head.textContent = name;
  row.append(head);
  cells[key] = row.insertCell();
}

function say(text, kind) {
  state.textContent = text;
  state.className = kind;
}

const events = new EventSource("events");

events.addEventListener("status", (event) => {
  const { connections, worker } = JSON.parse(event.data);
  const numbers = { connections, ...worker };
  for (const key of Object.keys(NAMES)) cells[key].textContent = numbers[key] ?? "";
  if (ended) return;
  if (!worker) say("the worker has not been started", "bad");
  else if (worker.is_over) say(`the worker has ended: ${worker.last_failure ?? ""}`, "bad");
  else if (worker.out_of_reach_seconds !== null) {
    say(`the backing has been out of reach for ${worker.out_of_reach_seconds} s: ${worker.last_failure ?? ""}`, "bad");
  } else say(worker.phase, "good");
});

events.addEventListener("deltas", (event) => {
  const { revno, deltas, unnamed } = JSON.parse(event.data);
  const lines = deltas.map(([operation, kind, model, id]) => {
    const line = document.createElement("li");
    line.className = operation;
    line.textContent = `r${revno} ${operation} ${kind} ${id} (${model})`;
    return line;
  });
  if (unnamed > 0) {
    const line = document.createElement("li");
    line.textContent = `r${revno} ${unnamed} ${deltas.length > 0 ? "more" : "entities as they were found"}`;
    lines.push(line);
  }
  list.prepend(...lines.reverse());
  while (list.childElementCount > SHOWN) list.lastElementChild.remove();
});

events.addEventListener("ended", (event) => {
  ended = JSON.parse(event.data);
  say(ended, "bad");
});

events.onopen = () => {
  ended = "";
};
events.onerror = () => say("the service does not answer", "bad");
