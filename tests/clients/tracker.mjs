// The browser tracker in a real browser, on pages of another origin, against the real proxy:
// `node tracker.mjs PROXY_BINARY [STORY…]`

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { launch, Site } from "./harness/browser.mjs";
import { Proxy } from "./harness/proxy.mjs";
import { tellAll } from "./harness/stories.mjs";
import { until } from "./harness/until.mjs";

const ACCOUNT = "shop";
const PUBLIC_KEY = "wk_public_of_the_shop";
const TOKEN_KEY = "a secret of the shop's backend, long enough";
const VISITOR = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const [binary, ...only] = process.argv.slice(2);

let proxy;
let head = "";
/** A page of the shop; the query says which attributes its tracker has. */
const shop = (request) => {
  const { searchParams } = new URL(request.url, "http://localhost");
  const attributes = searchParams.get("tag") ?? "";
  const before = searchParams.get("before") ?? "";
  const tag = head.replace("data-key", `${attributes} data-key`);
  return {
    body: `<!doctype html><title>Shop</title><script>${before}</script>${tag}<h1>Shop</h1>`,
  };
};
const site = await Site.start({ "/": shop, "/other": shop, "/empty": () => ({ body: "<p>" }) });
const stranger = await Site.start({ "/": shop });
proxy = await Proxy.start(binary, [
  {
    id: ACCOUNT,
    write_keys: [{ key: PUBLIC_KEY, kind: "public", origins: [site.origin] }],
    user_token_keys: [TOKEN_KEY],
  },
]);
head = await (await fetch(`${proxy.url}/v1/projects/${PUBLIC_KEY}/snippet`)).text();
const browser = await launch();

const base64url = (data) => Buffer.from(data).toString("base64url");
function userToken(user) {
  const claims = { sub: user, exp: Math.floor(Date.now() / 1000) + 3600 };
  const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${createHmac("sha256", TOKEN_KEY).update(signed).digest("base64url")}`;
}

/** One person with a browser that nobody has used before. */
class Person {
  static async arrive(path = "/", { tag = "", before = "" } = {}) {
    const context = await browser.createBrowserContext();
    const person = new Person(context);
    await person.open(path, { tag, before });
    return person;
  }

  constructor(context) {
    this.context = context;
    this.sent = [];
  }

  async open(path, { tag = "", before = "", origin = site.origin } = {}) {
    this.page = await this.context.newPage();
    this.page.on("request", (request) => {
      if (request.url().startsWith(proxy.url) && request.method() === "POST") {
        this.sent.push(request);
      }
    });
    const query = new URLSearchParams({ tag, before });
    await this.page.goto(`${origin}${path}?${query}`);
    await this.page.waitForFunction(() => window.segue?.version);
  }

  call(name, ...given) {
    return this.page.evaluate((name, given) => window.segue[name](...given), name, given);
  }

  /** The page's cookies by their names. */
  async cookies() {
    const session = await this.page.createCDPSession();
    const { cookies } = await session.send("Network.getCookies");
    return Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]));
  }

  async visitor() {
    return (await this.cookies()).segue_vid?.value;
  }

  stored() {
    return this.page.evaluate(() => ({ ...localStorage }));
  }

  /** The person's events, the oldest first, once there are `count`. */
  async events(count, visitor) {
    const id = visitor ?? (await until("there is a visitor", () => this.visitor()));
    return until(`${count} events of ${id}`, async () => {
      const page = await proxy.admin(ACCOUNT, `/events?limit=1000&anonymous_id=${id}`);
      return page.events.length >= count && page.events.reverse();
    });
  }
}

const names = (events) => events.map(({ event }) => event);

const STORIES = {
  async "a visit is seen, and its cookies are first-party, secure and of the documented age"() {
    const person = await Person.arrive();
    const [view] = await person.events(1);
    assert.equal(view.type, "page");
    assert.equal(view.properties.path, "/");
    assert.equal(view.properties.title, "Shop");
    assert.equal(view.context.library.name, "segue.js");
    const { segue_vid: visitor, segue_sid: session, ...others } = await person.cookies();
    assert.deepEqual(others, {});
    assert.match(visitor.value, VISITOR);
    assert.match(session.value, VISITOR);
    assert.equal(view.anonymous_id, visitor.value);
    assert.equal(view.context.sessionId, session.value);
    for (const [cookie, seconds] of [[visitor, 365 * 86_400], [session, 20 * 60]]) {
      assert.equal(cookie.sameSite, "Lax");
      assert.equal(cookie.secure, true);
      assert.equal(cookie.path, "/");
      assert.equal(cookie.domain, "localhost");
      const left = cookie.expires - Date.now() / 1000;
      assert.ok(left <= seconds + 1 && left > seconds - 60, `${left} s of ${seconds}`);
    }
  },

  async "without consent nothing is sent and nothing is stored"() {
    const person = await Person.arrive("/", { tag: "data-consent=required" });
    await person.call("trackEvent", "visit", { product_id: "p-1" });
    await person.call("consent", { analytics: false });
    await person.call("trackEvent", "visit", { product_id: "p-2" });
    // Leaving is the last moment at which something could be sent.
    await person.page.goto(`${site.origin}/empty`);
    assert.deepEqual(person.sent, []);
    assert.deepEqual(await person.cookies(), {});
    assert.deepEqual(await person.stored(), {});
  },

  async "what was queued is sent after a consent that is given late"() {
    const person = await Person.arrive("/", { tag: "data-consent=required" });
    await person.call("trackEvent", "visit", { product_id: "p-1" });
    assert.deepEqual(await person.cookies(), {});
    assert.deepEqual(person.sent, []);
    const before = Date.now();
    await person.call("consent", { analytics: true, marketing_automation: false });
    const events = await person.events(3);
    assert.deepEqual(names(events), ["page", "visit", "consent"]);
    assert.deepEqual(events[2].consents, { analytics: true, marketing_automation: false });
    assert.equal(events[1].properties.product_id, "p-1");
    assert.ok(Date.parse(events[1].stated_timestamp ?? events[1].timestamp) <= before);
    const profile = await proxy.admin(ACCOUNT, `/profiles?anonymous_id=${await person.visitor()}`);
    assert.equal(profile.consents.analytics.granted, true);
    assert.equal(profile.consents.marketing_automation.granted, false);
  },

  async "a consent that is taken back is the last thing that is sent"() {
    const person = await Person.arrive("/", { tag: "data-consent=required" });
    await person.call("consent", { analytics: true });
    await person.events(2);
    const visitor = await person.visitor();
    await person.call("consent", { analytics: false });
    await person.call("trackEvent", "visit", { product_id: "p-2" });
    const events = await person.events(3, visitor);
    assert.deepEqual(names(events), ["page", "consent", "consent"]);
    assert.deepEqual(events[2].consents, { analytics: false });
    assert.deepEqual(await person.cookies(), {});
    assert.deepEqual(await person.stored(), {});
    const sent = person.sent.length;
    await person.page.goto(`${site.origin}/empty`);
    assert.equal(person.sent.length, sent);
  },

  async "a reload and a second tab are the same visitor in the same session"() {
    const person = await Person.arrive();
    await person.events(1);
    await person.page.reload();
    await person.events(2);
    await person.open("/other");
    const events = await person.events(3);
    assert.deepEqual(names(events), ["page", "page", "page"]);
    assert.equal(new Set(events.map(({ anonymous_id }) => anonymous_id)).size, 1);
    assert.equal(new Set(events.map(({ context }) => context.sessionId)).size, 1);
    assert.equal(new Set(events.map(({ message_id }) => message_id)).size, 3);
  },

  async "a page that changes its address is another view, and another fragment is not"() {
    const person = await Person.arrive();
    const go = (step) => person.page.evaluate(step);
    await go(() => history.pushState({}, "", "/shoes"));
    await person.events(2);
    await go(() => history.replaceState({}, "", "/shoes#red"));
    await go(() => history.pushState({}, "", "/shoes?size=42"));
    await person.events(3);
    await go(() => history.back());
    await person.events(4);
    const seen = (await person.events(4)).map(({ properties }) => properties.path + properties.search);
    assert.equal(seen.length, 4);
    assert.deepEqual(seen.slice(1), ["/shoes", "/shoes?size=42", "/shoes"]);
  },

  async "what was tracked in the last moment leaves with the page"() {
    const person = await Person.arrive();
    await person.events(1);
    const visitor = await person.visitor();
    await person.page.evaluate(() => {
      window.segue.trackEvent("visit", { product_id: "p-1" });
      window.location.href = "/empty";
    });
    assert.deepEqual(names(await person.events(2, visitor)), ["page", "visit"]);
  },

  async "what is too much for a last moment comes with the next page"() {
    const person = await Person.arrive();
    await person.events(1);
    const visitor = await person.visitor();
    await person.page.evaluate(() => {
      for (let n = 0; n < 120; n++) window.segue.trackEvent("visit", { n, text: "ż".repeat(500) });
      window.location.href = "/empty";
    });
    await person.page.waitForFunction(() => window.location.pathname === "/empty");
    await person.page.goto(`${site.origin}/`);
    const events = await person.events(122, visitor);
    const seen = events.flatMap(({ properties }) => properties.n ?? []).sort((a, b) => a - b);
    assert.deepEqual(seen, Array.from({ length: 120 }, (_, n) => n));
  },

  async "what could not be sent comes with the next page, once"() {
    const person = await Person.arrive();
    await person.events(1);
    const visitor = await person.visitor();
    await person.page.setOfflineMode(true);
    await person.call("trackEvent", "visit", { product_id: "p-1" });
    await person.page.evaluate(() => window.dispatchEvent(new Event("pagehide")));
    await person.page.setOfflineMode(false);
    await person.page.reload();
    const events = await person.events(3, visitor);
    assert.deepEqual(names(events).sort(), ["page", "page", "visit"]);
  },

  async "a user is known by a token of the backend and claimed without one"() {
    const known = await Person.arrive();
    const who = ["42", userToken("42"), { plan: "pro" }];
    await known.call("setUser", ...who);
    await known.call("trackEvent", "buy", { order_id: "o-1", product_id: "p-1" });
    const visitor = await until("there is a visitor", () => known.visitor());
    const events = await known.events(3);
    assert.deepEqual(names(events), ["page", "identify", "buy"]);
    assert.deepEqual(events.map(({ user_id }) => user_id), [null, "42", "42"]);
    assert.ok(events.every(({ context }) => !("userToken" in context)));
    const profile = await proxy.admin(ACCOUNT, "/profiles/42");
    assert.deepEqual(profile, await proxy.admin(ACCOUNT, `/profiles?anonymous_id=${visitor}`));
    await known.open("/other", { before: `segue={q:[["setUser",${JSON.stringify(who)}]]}` });
    assert.deepEqual(names(await known.events(4)).slice(3), ["page"], "nobody is told twice");

    const claimed = await Person.arrive();
    await claimed.call("setUser", "43");
    const [, identify] = await claimed.events(2);
    assert.equal(identify.user_id, null);
    assert.equal(identify.claimed_user_id, "43");
  },

  async "whoever logs out is another visitor"() {
    const person = await Person.arrive();
    await person.events(1);
    const before = await person.visitor();
    await person.call("reset");
    await person.call("trackEvent", "visit", { product_id: "p-1" });
    const after = await until("there is a new visitor", () => person.visitor());
    assert.notEqual(after, before);
    assert.deepEqual(names(await person.events(1)), ["visit"]);
  },

  async "calls of Raptor's scheme have their positions mapped"() {
    const before = `raptor={q:[{event:"trackevent",params:{p1:"pageview"}}],customerId:"1",
      push:function(e,p,o){this.q.push({event:e,params:p,options:o})}};
      raptor.push("trackEvent",{p1:"itemclick",p2:"p-9"},{moduleName:"GetSimilarItems"})`;
    const person = await Person.arrive("/", { before });
    await person.page.evaluate(() => {
      const { raptor } = window;
      raptor.trackEvent("buy", "p-1", "Shoe", "1#Shoes;2#Red", "39,98", "EUR", "", "", "", "", "b-1", "19.99", 2);
      raptor.push("trackEvent", { p1: "basket", p10: "p-1,p-2", p11: "b-1" });
      raptor.push("trackEvent", { p1: "basket", p10: "", p11: "b-1" });
      raptor.push("trackEvent", { p1: "search", p3: "red shoes" });
    });
    const events = await person.events(6);
    const made = events.map(({ event, properties }) => [event, properties]);
    assert.equal(made[0][0], "page");
    assert.deepEqual(made.slice(1), [
      ["itemclick", { product_id: "p-9", module: "GetSimilarItems" }],
      ["buy", {
        product_id: "p-1", product_name: "Shoe", category_path: "1#Shoes;2#Red", subtotal: 39.98,
        currency: "EUR", basket_id: "b-1", price: 19.99, quantity: 2,
      }],
      ["basket", { product_ids: ["p-1", "p-2"], basket_id: "b-1" }],
      ["basket", { product_ids: [], basket_id: "b-1" }],
      ["search", { phrase: "red shoes" }],
    ]);
  },

  async "a script of another text does not run, and a forged visitor is nobody"() {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    const right = head;
    head = head.replace(/sha384-\w{4}/, "sha384-AAAA");
    await page.goto(site.origin);
    head = right;
    assert.equal(await page.evaluate(() => window.segue.version), undefined);
    await page.evaluate(() => { document.cookie = "segue_vid=42; path=/"; });
    await page.goto(site.origin);
    await page.waitForFunction(() => document.cookie.includes("segue_sid"));
    assert.match(await page.evaluate(() => window.segue.visitor()), VISITOR);
  },

  async "a page of another origin may ask, and is refused"() {
    const person = await Person.arrive();
    const from = (page) => page.evaluate(async (url, key) => {
      const headers = { "content-type": "application/json", "x-write-key": key, "x-retry-count": "1" };
      const body = JSON.stringify({ event: "asked", anonymousId: "cross-origin" });
      const answer = await fetch(`${url}/v1/track`, { method: "POST", headers, body });
      return [answer.status, (await answer.json()).code ?? null];
    }, proxy.url, PUBLIC_KEY);
    assert.deepEqual(await from(person.page), [200, null], "a preflight and the call");
    await person.open("/", { origin: stranger.origin });
    assert.deepEqual(await from(person.page), [403, "origin_not_allowed"]);
    const events = await person.events(1, "cross-origin");
    assert.equal(events.length, 1);
  },
};

const failed = await tellAll(STORIES, only);
await browser.close();
await proxy.stop();
await site.stop();
await stranger.stop();
process.exitCode = failed > 0 ? 1 : 0;
