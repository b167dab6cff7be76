// The tracker in a real browser behind a route of the app's own, which hands everything to the SDK:
// `node proxy_mode.mjs PROXY_BINARY HOST_BINARY`

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { launch } from "./harness/browser.mjs";
import { Proxy } from "./harness/proxy.mjs";
import { tellAll } from "./harness/stories.mjs";
import { until } from "./harness/until.mjs";

const ACCOUNT = "shop";
const VISITOR = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const YEAR_S = 365 * 86_400;

const [binary, hostBinary] = process.argv.slice(2);
const proxy = await Proxy.start(binary, [
  { id: ACCOUNT, write_keys: [{ key: "wk_secret_of_the_tests", kind: "secret" }] },
]);
const script = join(proxy.folder, "tracker.js");
await writeFile(script, await (await fetch(`${proxy.url}/tracker.js`)).text());
const host = spawn(hostBinary, [proxy.url, script], { stdio: ["pipe", "pipe", "inherit"] });
const origin = await new Promise((ready, failed) => {
  host.once("exit", (code) => failed(new Error(`the host ended with ${code}`)));
  const lines = createInterface({ input: host.stdout });
  lines.on("line", (line) => ready(line.match(/http:\S+/)?.[0]));
});
const browser = await launch();

/** A page of somebody new, and what it asks of whom. */
async function arrive() {
  const page = await (await browser.createBrowserContext()).newPage();
  const asked = [];
  const answers = [];
  page.on("request", (request) => asked.push(new URL(request.url()).origin));
  page.on("response", (answer) => {
    if (answer.request().method() === "POST") answers.push(answer);
  });
  await open(page, "/");
  return { page, asked, answers };
}

async function open(page, path) {
  await page.goto(origin + path);
  await page.waitForFunction(() => window.segue?.version);
}

async function cookies(page) {
  const { cookies } = await (await page.createCDPSession()).send("Network.getCookies");
  return Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]));
}

const visitorOf = (page) => until("there is a visitor", async () => (await cookies(page)).segue_vid?.value);

/** The visitor's events in the order of their receipt, once there are `count`. */
function events(visitor, count) {
  return until(`${count} events of ${visitor}`, async () => {
    const found = await proxy.admin(ACCOUNT, `/events?limit=1000&anonymous_id=${visitor}`);
    return found.events.length >= count && found.events.reverse();
  });
}

const STORIES = {
  async "the page talks to its own origin alone, and its events are in the proxy"() {
    const { page, asked, answers } = await arrive();
    const visitor = await visitorOf(page);
    assert.match(visitor, VISITOR);
    await page.evaluate(() => window.segue.trackEvent("visit", { product_id: "p-1" }));
    const seen = await events(visitor, 2);
    // The SDK lets visits pass page views.
    assert.deepEqual(seen.map(({ event }) => event).sort(), ["page", "visit"]);
    const visit = seen.find(({ event }) => event === "visit");
    assert.equal(visit.properties.product_id, "p-1");
    assert.equal(visit.context.userAgent, await page.evaluate(() => navigator.userAgent));
    assert.ok(seen.every(({ user_id }) => user_id === null));
    assert.deepEqual([...new Set(asked)], [origin]);
    assert.ok(answers.every((answer) => answer.status() === 202));
    // Set by a server: a script's own would live for seven days in some browsers.
    assert.match(answers[0].headers()["set-cookie"], new RegExp(`^segue_vid=${visitor}; .*Max-Age=${YEAR_S}`));
    const left = (await cookies(page)).segue_vid.expires - Date.now() / 1000;
    assert.ok(left > YEAR_S - 60 && left <= YEAR_S + 1, `${left} s`);
  },

  async "who is logged in is the session's to say, and the visitor the cookie's"() {
    const { page } = await arrive();
    const visitor = await visitorOf(page);
    await events(visitor, 1);
    await open(page, "/log-in/42");
    await page.evaluate(() => window.segue.setUser("43", undefined, { plan: "pro" }));
    await page.evaluate(() => window.segue.trackEvent("buy", { order_id: "o-1" }));
    const seen = await events(visitor, 4);
    const whose = seen.map(({ event, user_id }) => `${event} of ${user_id}`).sort();
    assert.deepEqual(whose, ["buy of 42", "identify of 42", "page of 42", "page of null"]);
    const profile = await proxy.admin(ACCOUNT, "/profiles/42");
    assert.deepEqual(profile, await proxy.admin(ACCOUNT, `/profiles?anonymous_id=${visitor}`));
  },

  async "what was tracked in the last moment leaves with the page"() {
    const { page } = await arrive();
    const visitor = await visitorOf(page);
    await events(visitor, 1);
    await page.evaluate(() => {
      window.segue.trackEvent("visit", { product_id: "p-9" });
      window.location.href = "about:blank";
    });
    assert.equal((await events(visitor, 2))[1].properties.product_id, "p-9");
  },

  async "the route answers while the proxy stands still, and the events come when it goes on"() {
    const { page, answers } = await arrive();
    const visitor = await visitorOf(page);
    await events(visitor, 1);
    proxy.child.kill("SIGSTOP");
    const before = answers.length;
    try {
      await page.evaluate(() => window.segue.trackEvent("visit", { product_id: "p-2" }));
      const answer = await until("the route answers", async () => answers[before]);
      assert.equal(answer.status(), 202);
      assert.deepEqual((await answer.json()).accepted, 1);
    } finally {
      proxy.child.kill("SIGCONT");
    }
    assert.equal((await events(visitor, 2))[1].properties.product_id, "p-2");
  },
};

const failed = await tellAll(STORIES);
await browser.close();
host.removeAllListeners("exit");
const ended = new Promise((done) => host.once("exit", done));
host.stdin.end();
await ended;
await proxy.stop();
process.exitCode = failed > 0 ? 1 : 0;
