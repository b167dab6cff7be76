// A real browser without a window, and pages for it.

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, join } from "node:path";
import puppeteer from "puppeteer-core";

/** The browser that this machine has, or an error that says what to install. */
function executable() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found) return found;
  }
  throw new Error("no browser is installed; on Debian: apt-get install chromium");
}

export function launch() {
  // As root and in containers there is no sandbox to be had; the pages are our own.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  return puppeteer.launch({ executablePath: executable(), args });
}

/** Serves `pages`, functions of a request by their paths, as http://localhost with some port. */
export class Site {
  static async start(pages) {
    const site = new Site(pages);
    await new Promise((ready) => site.server.listen(0, "127.0.0.1", ready));
    return site;
  }

  constructor(pages) {
    this.server = createServer((from, to) => {
      const page = pages[new URL(from.url, "http://localhost").pathname];
      const { type = "text/html; charset=utf-8", body = "" } = page?.(from) ?? {};
      to.writeHead(page ? 200 : 404, { "content-type": type }).end(body);
    });
  }

  /** Another origin than any of 127.0.0.1, and one that browsers trust like https. */
  get origin() {
    return `http://localhost:${this.server.address().port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
