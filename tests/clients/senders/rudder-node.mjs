// @rudderstack/rudder-sdk-node: `node rudder-node.mjs URL KEY CALLS`

import { readFileSync } from "node:fs";
import Analytics from "@rudderstack/rudder-sdk-node";

const [url, writeKey, file] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(file, "utf8"));
const failures = [];
const client = new Analytics(writeKey, {
  dataPlaneUrl: url,
  logLevel: "error",
  errorHandler: (error) => failures.push(error.message),
});
let answered = 0;
const done = new Promise((resolve) => {
  for (const { n, kind, timestamp, ...call } of calls) {
    client[kind]({ ...call, timestamp: timestamp && new Date(timestamp) }, (error) => {
      if (error) failures.push(String(error));
      if (++answered === calls.length) resolve();
    });
  }
});
await done;
if (failures.length > 0) throw new Error(failures.slice(0, 3).join("; "));
