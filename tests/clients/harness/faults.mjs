// Stands between client and proxy and does what networks do.

import { Agent, createServer, request } from "node:http";

/**
 * What happens to the first requests, in the order of their arrival; all later ones pass. The
 * last two are the mean ones: the events are durable, and the client does not learn it.
 */
const SCRIPT = ["pass", "busy", "pass", "failing", "pass", "cut", "pass", "lost", "pass", "denied"];

export class Faults {
  /** Listens, and hands on to `target`. Questions of browsers and reads pass. */
  static async start(target) {
    const faults = new Faults(new URL(target));
    await new Promise((ready) => faults.server.listen(0, "127.0.0.1", ready));
    return faults;
  }

  constructor(target) {
    this.target = target;
    this.seen = 0;
    this.injected = [];
    this.agent = new Agent({ keepAlive: true });
    this.server = createServer((from, to) => this.handle(from, to));
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  async handle(from, to) {
    const chunks = [];
    for await (const chunk of from) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const fault = from.method === "POST" ? (SCRIPT[this.seen++] ?? "pass") : "pass";
    if (fault !== "pass") this.injected.push(fault);
    if (fault === "busy") return refuse(from, to, 429, { "retry-after": "1" });
    if (fault === "failing") return refuse(from, to, 503, { "retry-after": "1" });
    if (fault === "cut") return from.socket.destroy();
    this.forward(from, body, (answer) => {
      if (fault === "lost") return from.socket.destroy();
      if (fault === "denied") return refuse(from, to, 503, {});
      to.writeHead(answer.statusCode, answer.headers);
      to.end(answer.body);
    });
  }

  forward(from, body, then) {
    const { hostname, port } = this.target;
    const { method, url: path, headers } = from;
    const options = { hostname, port, method, path, agent: this.agent };
    const onward = request({ ...options, headers: { ...headers, "content-length": body.length } });
    onward.on("response", async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      answer.body = Buffer.concat(chunks);
      then(answer);
    });
    onward.on("error", () => from.socket.destroy());
    onward.end(body);
  }

  async stop() {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

function refuse(from, to, status, headers) {
  const code = { code: "unavailable", message: "try again" };
  const origin = from.headers.origin && { "access-control-allow-origin": from.headers.origin };
  const exposed = { "access-control-expose-headers": "Retry-After" };
  const type = { "content-type": "application/json" };
  to.writeHead(status, { ...type, ...exposed, ...origin, ...headers });
  to.end(JSON.stringify(code));
}
