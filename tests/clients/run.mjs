// Official clients, unmodified, against the real proxy:
// `node run.mjs PROXY_BINARY PYTHON [NAME…]`
//
// Every client makes a thousand calls twice: straight, and through a network that fails. Then the
// proxy has to have each of them, once, as it was made.

import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { check } from "./harness/check.mjs";
import { Faults } from "./harness/faults.mjs";
import { plan } from "./harness/plan.mjs";
import { Proxy } from "./harness/proxy.mjs";

const CALLS = 1_000;
/** How many clients run at a time: each keeps a core busy for a moment. */
const AT_A_TIME = 3;
/** How long a client may take, in milliseconds: some wait seconds between their tries. */
const PATIENCE_MS = 180_000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const sender = (name) => fileURLToPath(new URL(`senders/${name}`, import.meta.url));
const [binary, python, ...only] = process.argv.slice(2);

/** How each client is run and what shows that an event is its own. */
const CLIENTS = [
  {
    name: "segment-node",
    command: [process.execPath, sender("segment-node.mjs")],
    ids: /^node-next-\d+-/,
    library: "@segment/analytics-node",
  },
  {
    name: "segment-python",
    command: [python, sender("python_client.py"), "segment"],
    ids: UUID,
    library: "analytics-python",
  },
  {
    name: "rudder-node",
    command: [process.execPath, sender("rudder-node.mjs")],
    ids: UUID,
    library: "analytics-node",
  },
  {
    name: "rudder-python",
    command: [python, sender("python_client.py"), "rudder"],
    ids: UUID,
    library: "analytics-python",
  },
  {
    name: "analytics-go",
    command: [process.execPath, sender("analytics-go.mjs")],
    ids: UUID,
    library: "analytics-go",
  },
  {
    name: "segment-browser",
    command: [process.execPath, sender("segment-browser.mjs")],
    // A browser always has a visitor, and its key is one that anybody can read.
    calls: () => plan(CALLS).map((call) => ({ anonymousId: "a-browser", ...call })),
    key: { kind: "public", trust_browser_identity: true },
    ids: /^ajs-next-\d+-/,
    library: "analytics.js",
  },
].filter(({ name }) => only.length === 0 || only.includes(name));

const account = (name, way) => `${name}-${way}`;
const writeKey = (id) => `wk_of_account_${id}`;

async function run([program, ...fixed], ...given) {
  const child = spawn(program, [...fixed, ...given], { stdio: ["ignore", "inherit", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const code = await new Promise((ended) => child.once("exit", ended));
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the client ended with ${code}`);
}

/** One client, one way; throws when something is lost, doubled or changed. */
async function story(proxy, client, way) {
  const id = account(client.name, way);
  const calls = client.calls?.() ?? plan(CALLS);
  const file = join(proxy.folder, `${id}.json`);
  await writeFile(file, JSON.stringify(calls));
  const faults = way === "failing" ? await Faults.start(proxy.url) : null;
  const started = Date.now();
  try {
    await run(client.command, faults?.url ?? proxy.url, writeKey(id), file);
  } finally {
    await faults?.stop();
  }
  const span = [started, Date.now()];
  check(calls, await proxy.events(id), { ...client, span });
  const injected = faults ? ` after ${faults.injected.join(", ")}` : "";
  console.log(`${client.name}: ${calls.length} calls, each there once${injected}`);
}

const stories = CLIENTS.flatMap((client) => ["straight", "failing"].map((way) => ({ client, way })));
const proxy = await Proxy.start(
  binary,
  stories.map(({ client, way }) => {
    const id = account(client.name, way);
    return { id, write_keys: [{ key: writeKey(id), ...client.key }] };
  }),
);
let failed = 0;
const next = stories.values();
async function work() {
  for (const { client, way } of next) {
    await story(proxy, client, way).catch((error) => {
      failed += 1;
      console.error(`${client.name} (${way}): ${error.message}`);
    });
  }
}
try {
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
} finally {
  await proxy.stop();
}
process.exitCode = failed > 0 ? 1 : 0;
