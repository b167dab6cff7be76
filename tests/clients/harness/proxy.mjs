// The real proxy on a folder and a port of its own, and what it remembers.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A port on which nobody listens now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

export class Proxy {
  /** Starts `binary` with these accounts; each has `writeKeys` besides its admin token. */
  static async start(binary, accounts) {
    const folder = await mkdtemp(join(tmpdir(), "segue-clients-"));
    const port = await freePort();
    const config = {
      listen: `127.0.0.1:${port}`,
      data_dir: join(folder, "data"),
      accounts: accounts.map(({ id, write_keys, ...rest }) => ({
        id,
        write_keys,
        admin_tokens: [{ token: adminToken(id), role: "manage" }],
        ...rest,
      })),
    };
    const file = join(folder, "segue.yaml");
    await writeFile(file, JSON.stringify(config));
    const child = spawn(binary, ["serve", "--config", file], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, SEGUE_LOG: "warn" },
    });
    const lines = createInterface({ input: child.stdout });
    await new Promise((ready, failed) => {
      child.once("exit", (code) => failed(new Error(`the proxy ended with ${code}`)));
      lines.on("line", (line) => line.includes("listens on") && ready());
    });
    child.removeAllListeners("exit");
    return new Proxy(`http://127.0.0.1:${port}`, child, folder);
  }

  constructor(url, child, folder) {
    Object.assign(this, { url, child, folder });
  }

  /** A call of the admin API, as the JSON that it answers. */
  async admin(account, path) {
    const headers = { authorization: `Bearer ${adminToken(account)}` };
    const answer = await fetch(`${this.url}/admin/v1${path}`, { headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Everything that an account has, the newest first. */
  async events(account, query = "") {
    const all = [];
    for (let cursor = ""; cursor !== null; ) {
      const more = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.admin(account, `/events?limit=1000${query}${more}`);
      all.push(...page.events);
      cursor = page.next_cursor;
    }
    return all;
  }

  async stop() {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true });
  }
}

function adminToken(account) {
  return `at_of_account_${account}`;
}
