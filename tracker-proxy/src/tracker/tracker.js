// The browser tracker of Segue. What a page may call is in docs/BROWSER.md.
(function (w, d, n) {
'use strict';
var raptor = w.raptor, segue = w.segue = w.segue || {};
if (segue.version) return;

// Bounds. A page that is left open offline must not fill the memory of a phone.
var QUEUE_MAX = 1000, BATCH_MAX = 50, BEACON_BYTES_MAX = 60000, UNSENT_MAX = 500, RETRY_MS_MAX = 60000;
var DAY_S = 86400, SESSION_S = 1200, STORE = 'segue_unsent', TOLD = 'segue_told';

// Settings: `segue.settings` of the page, or attributes of the script's tag.
var tag = d.currentScript || d.querySelector('script[src*="tracker.js"][data-key]') || d.createElement('script');
function setting(name, otherwise) {
  var own = (segue.settings || {})[name], said = tag.dataset[name];
  return own != null ? own : said != null ? said : otherwise;
}
var key = setting('key', ''), visitorDays = Math.max(1, +setting('visitorDays', 365));
var endpoint = String(setting('endpoint', tag.src ? new URL(tag.src).origin : '')).replace(/\/$/, '');
var purpose = setting('purpose', 'analytics'), domain = setting('cookieDomain', '');
var separator = setting('basketSeparator', ','), names = setting('parameters', {}), debug = setting('debug');
// Undecided is null: events wait in memory then, and nothing is stored.
var allowed = setting('consent', '') === 'required' ? null : true;

// Raptor's positions. An account with a plan of its own sets `parameters`.
var PARAMETERS = {
  p2: 'product_id', p3: 'product_name', p4: 'category_path', p5: 'subtotal', p6: 'currency',
  p8: 'brand_id', p10: 'product_ids', p11: 'basket_id', p12: 'price', p13: 'quantity',
  p15: 'in_stock', p18: 'master_id', p21: 'order_id'
};
var NUMBERS = { subtotal: 1, price: 1, quantity: 1 };

var queue = [], userId, token, decided, tries = 0, timer, sending, path;

function complain(what, detail) { if (debug) console.warn('segue: ' + what, detail); }
function now() { return new Date().toISOString(); }

function uuid() {
  if (w.crypto.randomUUID) return w.crypto.randomUUID();
  var bytes = w.crypto.getRandomValues(new Uint8Array(16)), hex = '';
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  for (var i = 0; i < 16; i++) hex += (i > 3 && i < 11 && i % 2 === 0 ? '-' : '') + (256 + bytes[i]).toString(16).slice(1);
  return hex;
}

// Cookies. A value that is no id of ours is nobody's: whoever forged it gets a new one.
function cookie(name) {
  var found = ('; ' + d.cookie).split('; ' + name + '=')[1] || '';
  found = found.split(';')[0];
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(found) ? found : '';
}
function keep(name, value, seconds) {
  d.cookie = name + '=' + value + '; path=/; max-age=' + seconds + '; SameSite=Lax' +
    (w.isSecureContext ? '; Secure' : '') + (domain ? '; domain=' + domain : '');
}
function renewed(name, seconds) {
  var id = cookie(name) || uuid();
  keep(name, id, seconds);
  return id;
}
function stored(name, value) {
  try {
    if (value === undefined) return JSON.parse(w.localStorage.getItem(name));
    if (value === null) w.localStorage.removeItem(name);
    else w.localStorage.setItem(name, JSON.stringify(value));
  } catch (refused) { return null; }
}
function forget() {
  keep('segue_vid', '', 0);
  keep('segue_sid', '', 0);
  stored(STORE, null);
  stored(TOLD, null);
}

function context() {
  var page = { url: w.location.href, path: w.location.pathname, search: w.location.search, title: d.title, referrer: d.referrer };
  var said = { page: page, userAgent: n.userAgent, locale: n.language, library: { name: 'segue.js', version: calls.version } };
  try { said.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (unknown) {}
  var query = new URLSearchParams(w.location.search);
  query.forEach(function (value, name) {
    if (name.slice(0, 4) === 'utm_') (said.campaign = said.campaign || {})[name === 'utm_campaign' ? 'name' : name.slice(4)] = value;
  });
  return said;
}

// An event is complete except for its visitor, who may not be given an id before the consent.
function add(type, members) {
  if (allowed === false) return;
  var event = { type: type, messageId: uuid(), timestamp: now(), context: context() };
  for (var member in members) event[member] = members[member];
  if (userId) event.userId = userId;
  if (token) event.context.userToken = token;
  if (allowed) mark(event);
  if (queue.length >= QUEUE_MAX) queue.shift();
  queue.push(event);
  if (allowed) soon(queue.length >= BATCH_MAX ? 0 : 300);
}
function mark(event) {
  event.anonymousId = renewed('segue_vid', visitorDays * DAY_S);
  event.context.sessionId = renewed('segue_sid', SESSION_S);
}

// Sending. The text is plain and the key in the body, so that no browser has to ask first. What has
// no visitor yet waits for a decision.
function body(batch) { return JSON.stringify({ writeKey: key, sentAt: now(), batch: batch }); }
function ready() { return queue.length && queue[0].anonymousId; }
function soon(ms) {
  if (!timer && !sending) timer = setTimeout(function () { timer = 0; flush(); }, ms);
}
function flush() {
  if (sending || !ready()) return;
  var batch = sending = queue.slice(0, BATCH_MAX);
  function done(count) {
    // A page that was left has sent everything by a beacon meanwhile.
    if (sending !== batch) return;
    queue.splice(0, count);
    sending = null;
    tries = 0;
    if (queue.length) soon(0);
  }
  function failed(wait) {
    if (sending !== batch) return;
    sending = null;
    tries++;
    soon(Math.max(wait || 0, Math.random() * Math.min(RETRY_MS_MAX, 500 * Math.pow(2, tries))));
  }
  fetch(endpoint + '/v1/batch', { method: 'POST', body: body(batch), headers: { 'content-type': 'text/plain' } })
    .then(function (answer) {
      var status = answer.status;
      if (status === 413 && BATCH_MAX > 1) { BATCH_MAX = 1; return done(0); }
      if (status === 408 || status === 429 || status >= 500) return failed(answer.headers.get('retry-after') * 1000);
      if (debug) answer.text().then(function (text) { if (!answer.ok || /"code"/.test(text)) complain(status, text); });
      done(batch.length);
    }, function () { failed(0); });
}
// Leaving. A beacon may be refused, which happens past some 60 kB, or be lost where nobody answered
// lately. Such events are kept for the next page: their message ids make them count once.
function leave() {
  if (!ready()) return;
  var troubled = tries > 0 || n.onLine === false, chunk = [], bytes = 0, rest = queue, unsent = [];
  queue = [];
  sending = null;
  function hand() {
    var taken = !chunk.length || n.sendBeacon(endpoint + '/beacon/v1/batch', body(chunk));
    if (!taken || troubled) unsent = unsent.concat(chunk);
    chunk = [];
    bytes = 0;
  }
  rest.forEach(function (event) {
    var size = new Blob([JSON.stringify(event)]).size;
    if (bytes + size > BEACON_BYTES_MAX) hand();
    chunk.push(event);
    bytes += size;
  });
  hand();
  if (unsent.length && allowed) stored(STORE, (stored(STORE) || []).concat(unsent).slice(-UNSENT_MAX));
}

// What the proxy was told, so that it is not told again on every page.
function tell(what, value, send) {
  var told = stored(TOLD) || {}, visitor = cookie('segue_vid'), text = JSON.stringify(value);
  if (told.visitor !== visitor || !visitor) told = {};
  if (told[what] === text) return;
  send();
  told.visitor = cookie('segue_vid');
  told[what] = text;
  if (allowed) stored(TOLD, told);
}
// A user is remembered by a number out of which nobody reads the id.
function blur(text) {
  for (var i = 0, sum = 5381; i < text.length; i++) sum = (sum * 33 ^ text.charCodeAt(i)) >>> 0;
  return sum;
}

function start() {
  var unsent = stored(STORE);
  stored(STORE, null);
  allowed = true;
  queue.forEach(function (event) { if (!event.anonymousId) mark(event); });
  if (unsent && unsent.length) queue = unsent.concat(queue);
  if (queue.length) soon(0);
}

function positions(given) {
  var properties = {};
  for (var position in given) {
    var value = given[position], name = names[position] || PARAMETERS[position] || position;
    if (position === 'p1' || value === '' && (position !== 'p10' || given.p1 !== 'basket') || value == null) continue;
    if (position === 'p7') { calls.setUser(String(value)); continue; }
    if (position === 'p3' && /^search/.test(given.p1)) name = 'phrase';
    if (name === 'product_ids' && typeof value === 'string') value = value ? value.split(separator) : [];
    // A decimal comma is read as a point.
    if (NUMBERS[name] && value !== '' && !isNaN(String(value).replace(',', '.'))) value = +String(value).replace(',', '.');
    if (name === 'in_stock') value = String(value) === 'true';
    properties[name] = value;
  }
  return properties;
}
function event(name, properties) {
  if (/^pageview$/i.test(name)) return calls.page(properties);
  add('track', { event: String(name), properties: properties });
}

var calls = {
  version: '1',
  trackEvent: function (name, properties) {
    if (properties === null || typeof properties !== 'object') {
      var given = {};
      for (var i = 0; i < arguments.length; i++) given['p' + (i + 1)] = arguments[i];
      properties = positions(given);
    }
    event(name, properties);
  },
  push: function (call, given, options) {
    call = String(call).toLowerCase();
    if (call === 'setruid' || call === 'setemailmarketingid') return calls.setUser(given);
    if (call !== 'trackevent') return;
    var properties = positions(given || {});
    if (options && options.moduleName) properties.module = options.moduleName;
    event((given || {}).p1, properties);
  },
  page: function (properties) {
    var said = context().page;
    for (var member in properties || {}) said[member] = properties[member];
    add('page', { properties: said });
  },
  setUser: function (id, userToken, traits) {
    if (id == null || id === '') return;
    token = userToken || (userId === String(id) ? token : undefined);
    userId = String(id);
    tell('user', [blur(userId), !!token, traits], function () { add('identify', { traits: traits || {} }); });
  },
  consent: function (decision) {
    if (typeof decision === 'boolean') { var all = {}; all[purpose] = decision; decision = all; }
    decided = decision;
    var grants = purpose in decision ? decision[purpose] : allowed;
    if (grants) {
      start();
      tell('consent', decision, function () { add('consent', { consents: decision }); });
    } else if (allowed) {
      // Only somebody who was known has something to take back. The last word is still sent.
      add('consent', { consents: decision });
      allowed = false;
      forget();
      soon(0);
    } else if (grants === false) {
      allowed = false;
      queue = queue.filter(function (event) { return event.anonymousId; });
    }
  },
  reset: function () {
    userId = token = undefined;
    if (!allowed) return;
    forget();
    if (decided) calls.consent(decided);
  },
  flush: flush,
  visitor: function () { return cookie('segue_vid'); }
};

// Single-page navigation: another path or query is another page; another fragment is not.
function navigated() {
  var to = w.location.pathname + w.location.search;
  if (to === path) return;
  path = to;
  calls.page();
}
if (setting('pages', 'auto') === 'auto') {
  ['pushState', 'replaceState'].forEach(function (name) {
    var original = w.history[name];
    w.history[name] = function () {
      var done = original.apply(this, arguments);
      setTimeout(navigated, 0);
      return done;
    };
  });
  w.addEventListener('popstate', function () { setTimeout(navigated, 0); });
  if (!raptor || !raptor.q) navigated();
  else path = w.location.pathname + w.location.search;
}
w.addEventListener('pagehide', leave);
d.addEventListener('visibilitychange', function () { if (d.visibilityState === 'hidden') leave(); });
w.addEventListener('online', function () { tries = 0; flush(); });
d.addEventListener('enableTracking', function () { calls.consent(true); });

// What the page said before this script was there.
var waiting = segue.q || [];
for (var call in calls) segue[call] = calls[call];
if (allowed) start();
waiting.forEach(function (call) { if (calls[call[0]]) calls[call[0]].apply(calls, call[1]); });
if (raptor && raptor.q && !raptor.eventQueue) {
  waiting = raptor.q;
  raptor.push = calls.push;
  raptor.trackEvent = calls.trackEvent;
  raptor.q = [];
  waiting.forEach(function (call) { calls.push(call.event || call[0], call.params || call[1], call.options || call[2]); });
}
})(window, document, navigator);
