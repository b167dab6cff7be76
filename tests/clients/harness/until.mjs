// Waiting for what takes its time in another process.

/** How long anything may take to become true, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What `look` returns, once that is something. */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resume) => setTimeout(resume, 25));
  }
}
