// What every client is told to do: a thousand calls of all kinds, the same for each of them.

const WORDS = ["zażółć gęślą jaźń", "naïve 🦀 emoji", 'quotes " and \\ backslashes', "line\nbreak", "plain"];

/** A number generator with a seed, so that a failure can be repeated. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * `count` calls. Each carries its number `n` where the receiving side can find it again, and every
 * third one a time of its own, up to two weeks ago.
 */
export function plan(count, { seed = 7, now = Date.now() } = {}) {
  const next = random(seed);
  const below = (bound) => Math.floor(next() * bound);
  const kinds = [
    ...Array(10).fill("track"),
    ...Array(3).fill("identify"),
    ...Array(3).fill("page"),
    ...Array(2).fill("screen"),
    "group",
    "alias",
  ];
  return Array.from({ length: count }, (_, n) => {
    const kind = kinds[below(kinds.length)];
    const call = { n, kind };
    const who = below(3);
    if (who !== 1 || kind === "alias") call.userId = `u-${below(200)}`;
    if (who !== 0 && kind !== "alias") call.anonymousId = `a-${below(200)}`;
    if (n % 3 === 0) call.timestamp = new Date(now - below(14 * 86_400_000)).toISOString();
    call.context = { ip: `10.0.${n % 256}.1`, locale: "pl-PL", n };
    const data = {
      n,
      price: below(10_000) / 100,
      word: WORDS[n % WORDS.length],
      nested: { list: [1, "two", null, false], deep: { er: n } },
      empty: {},
      nothing: null,
    };
    if (n % 97 === 0) data.long = "x".repeat(20_000);
    if (kind === "track") Object.assign(call, { event: `event ${n % 7}`, properties: data });
    if (kind === "identify") call.traits = { ...data, email: `u${n}@example.com` };
    if (kind === "page" || kind === "screen") {
      Object.assign(call, { name: `Name ${n % 5}`, category: `Shelf ${n % 3}`, properties: data });
    }
    if (kind === "group") Object.assign(call, { groupId: `g-${n % 9}`, traits: data });
    if (kind === "alias") call.previousId = `old-${n}`;
    return call;
  });
}
