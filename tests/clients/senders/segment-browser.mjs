// @segment/analytics-next in a real browser, told nothing but where its settings are:
// `node segment-browser.mjs URL KEY CALLS`

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { launch, Site } from "../harness/browser.mjs";

const [url, writeKey, file] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(file, "utf8"));
const entry = createRequire(import.meta.url).resolve("@segment/analytics-next");
const script = readFileSync(join(dirname(entry), "..", "umd", "index.js"));

const site = await Site.start({
  "/": () => ({ body: "<!doctype html><title>Shop</title><script src=/analytics.js></script>" }),
  "/analytics.js": () => ({ type: "text/javascript", body: script }),
});
const browser = await launch();
try {
  const page = await browser.newPage();
  const acknowledged = new Set();
  const complete = new Promise((resolve) => {
    page.on("response", (answer) => {
      const request = answer.request();
      if (request.method() !== "POST" || answer.status() !== 200) return;
      acknowledged.add(JSON.parse(request.postData()).messageId);
      if (acknowledged.size === calls.length) resolve();
    });
  });
  await page.goto(site.origin);
  await page.evaluate(makeCalls, url, writeKey, calls);
  await complete;
} finally {
  await browser.close();
  await site.stop();
}

/** Runs in the page. Who somebody is belongs to the page there, not to a call. */
async function makeCalls(cdnURL, writeKey, calls) {
  const [analytics] = await self.AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL });
  const made = calls.map((call) => {
    const { kind, userId, anonymousId, event, name, category, properties, traits } = call;
    analytics.user().id(userId ?? null);
    analytics.user().anonymousId(anonymousId);
    const options = { context: call.context };
    if (call.timestamp) options.timestamp = call.timestamp;
    if (kind === "track") return analytics.track(event, properties, options);
    if (kind === "identify") {
      return userId ? analytics.identify(userId, traits, options) : analytics.identify(traits, options);
    }
    if (kind === "group") return analytics.group(call.groupId, traits, options);
    if (kind === "alias") return analytics.alias(userId, call.previousId, options);
    return analytics[kind](category, name, properties, options);
  });
  await Promise.all(made);
}
