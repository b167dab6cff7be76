// A page that keeps calls until Segment's browser build is there, served from its own site, with
// the proxy as its CDN: `node segment_snippet.mjs PROXY_BINARY`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { launch, Site } from "./harness/browser.mjs";
import { Proxy } from "./harness/proxy.mjs";
import { until } from "./harness/until.mjs";

const ACCOUNT = "shop";
const KEY = "wk_public_of_the_shop";

const entry = createRequire(import.meta.url).resolve("@segment/analytics-next");
const build = readFileSync(join(dirname(entry), "..", "umd", "standalone.js"));

const proxy = await Proxy.start(process.argv[2], [
  { id: ACCOUNT, write_keys: [{ key: KEY, kind: "public", trust_browser_identity: true }] },
]);
const page = `<!doctype html><title>Shop</title><script>
var analytics = window.analytics = [["identify", "42", { plan: "pro" }], ["page", "Shop"]];
analytics._writeKey = "${KEY}";
analytics._cdn = "${proxy.url}";
</script><script async src="/analytics.min.js"></script>`;
const site = await Site.start({
  "/": () => ({ body: page }),
  "/analytics.min.js": () => ({ type: "text/javascript", body: build }),
});
const browser = await launch();
try {
  const tab = await browser.newPage();
  const asked = new Set();
  tab.on("request", (request) => asked.add(new URL(request.url()).origin));
  await tab.goto(site.origin);
  await tab.evaluate(() => window.analytics.push(["track", "visit", { product_id: "p-1" }]));
  const events = await until("the calls are there", async () => {
    const found = await proxy.admin(ACCOUNT, "/events?limit=10&user_id=42");
    return found.events.length >= 3 && found.events;
  });
  assert.deepEqual(events.map(({ event }) => event).sort(), ["identify", "page", "visit"]);
  assert.deepEqual([...asked].sort(), [proxy.url, site.origin].sort());
  console.log("Segment's browser build on a page of its own: fine");
} finally {
  await browser.close();
  await site.stop();
  await proxy.stop();
}
