// What analytics-go 3.0 writes: id, time of sending and context once per batch of 250, the key as
// the user of HTTP Basic, and ten tries: `node analytics-go.mjs URL KEY CALLS`

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const [url, writeKey, file] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(file, "utf8"));
const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`;
const library = { name: "analytics-go", version: "3.0.0" };

async function post(body) {
  for (let tried = 0; tried < 10; tried++) {
    const headers = { authorization, "content-type": "application/json", "user-agent": "analytics-go (version: 3.0.0)" };
    const answer = await fetch(`${url}/v1/batch`, { method: "POST", headers, body }).catch(() => null);
    if (answer && answer.status < 300) return;
    await new Promise((resume) => setTimeout(resume, 100 * 2 ** tried));
  }
  throw new Error("ten tries failed");
}

for (let from = 0; from < calls.length; from += 50) {
  const batch = calls.slice(from, from + 50).map(({ n, kind, timestamp, ...call }) => ({
    type: kind,
    messageId: randomUUID(),
    timestamp: timestamp ?? new Date().toISOString(),
    ...call,
  }));
  const sentAt = new Date().toISOString();
  await post(JSON.stringify({ messageId: randomUUID(), sentAt, batch, context: { library } }));
}
