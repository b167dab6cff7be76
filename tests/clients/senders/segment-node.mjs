// @segment/analytics-node: `node segment-node.mjs URL KEY CALLS`

import { readFileSync } from "node:fs";
import { Analytics } from "@segment/analytics-node";

const [url, writeKey, file] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(file, "utf8"));
const analytics = new Analytics({ writeKey, host: url });
const failures = [];
analytics.on("error", (error) => failures.push(error));
for (const { n, kind, timestamp, ...call } of calls) {
  analytics[kind]({ ...call, timestamp: timestamp && new Date(timestamp) });
}
await analytics.closeAndFlush({ timeout: 120_000 });
if (failures.length > 0) throw new Error(JSON.stringify(failures.slice(0, 3)));
