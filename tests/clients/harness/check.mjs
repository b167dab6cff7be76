// Compares what a client was told to do with what the proxy knows.

import { isDeepStrictEqual } from "node:util";

/**
 * Throws, with the first few differences, unless the history holds each call exactly once and as
 * it was made. `ids` is the form of the client's message ids, `library` its name in the context;
 * `span` are the instants between which calls without a time of their own were made.
 */
export function check(calls, events, { ids, library, span }) {
  const wrong = [];
  const found = new Map();
  const messageIds = new Set();
  for (const event of events) {
    const n = numberOf(event);
    if (found.has(n)) wrong.push(`call ${n} is there twice`);
    found.set(n, event);
    if (messageIds.has(event.message_id)) wrong.push(`${event.message_id} is there twice`);
    messageIds.add(event.message_id);
    if (!ids.test(event.message_id)) wrong.push(`${event.message_id} is no id of this client`);
  }
  for (const call of calls) {
    const event = found.get(call.n);
    if (event) wrong.push(...differences(call, event, library, span));
    else wrong.push(`call ${call.n} (${call.kind}) is missing`);
  }
  if (events.length !== calls.length) wrong.push(`${events.length} events for ${calls.length} calls`);
  if (wrong.length > 0) {
    throw new Error(`${wrong.length} differences:\n  ${wrong.slice(0, 8).join("\n  ")}`);
  }
}

function numberOf(event) {
  return event.context?.n ?? event.properties?.n ?? event.traits?.n;
}

function differences(call, event, library, span) {
  const wrong = [];
  const same = (what, planned, kept) => {
    if (!isDeepStrictEqual(planned ?? null, kept ?? null)) {
      wrong.push(`call ${call.n} (${call.kind}): ${what} ${JSON.stringify(kept)} instead of ${JSON.stringify(planned)}`);
    }
  };
  same("type", call.kind, event.type);
  same("event", call.event ?? call.kind, event.event);
  same("user id", call.userId, event.user_id);
  same("anonymous id", call.anonymousId, event.anonymous_id);
  same("group id", call.groupId, event.group_id);
  same("previous id", call.previousId, event.previous_id);
  same("library", library, event.context?.library?.name);
  for (const part of ["properties", "traits", "context"]) {
    for (const [name, value] of Object.entries(call[part] ?? {})) {
      same(`${part}.${name}`, value, event[part]?.[name]);
    }
  }
  for (const name of ["name", "category"]) {
    if (call[name]) same(name, call[name], event.properties?.[name]);
  }
  const stated = Date.parse(event.stated_timestamp ?? event.timestamp);
  if (call.timestamp) same("time", call.timestamp, new Date(stated).toISOString());
  else if (stated < span[0] || stated > span[1]) wrong.push(`call ${call.n}: made at ${stated}`);
  if (event.timestamp > event.received_at) wrong.push(`call ${call.n}: after its receipt`);
  return wrong;
}
