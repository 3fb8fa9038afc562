/**
 * The Gatehouse client for browsers: it signs people in, keeps their session in session
 * storage under SF_Token, renews it before it expires, and puts the access token on the
 * requests that should carry it. No dependencies. Every name is explained in gatehouse.d.ts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

const HAND_OFF = "#SF_Token="; // the fragment by which Gatehouse hands a session to an app
const MEMBERS = "accessToken,email,expiresIn,localId,refreshToken"; // of an AuthorizationResponse
const PATIENCE = 15_000; // ms that a request may take
const PEERS = 150; // ms that other tabs have to say that they hold a newer session

const { location, navigator, BroadcastChannel, document } = globalThis; // outside browsers: nothing

/** What went wrong. It never contains a token or a password. */
export class GatehouseError extends Error {
  constructor(status, { code, detail, errors, requestId } = {}, retryAfter = 0) {
    super(detail || (status ? "answered " + status : "not reached"));
    Object.assign(this, {
      name: "GatehouseError",
      status,
      code: code || (status ? "unexpected_answer" : "network"),
      fields: errors || [],
      requestId,
      retryAfter,
    });
  }
}

const failure = (status, code, detail) => new GatehouseError(status, { code, detail });

/** Returns the claims of an AuthorizationResponse, or nothing if it is anything else. */
function inspect(session) {
  try {
    const { email, expiresIn, accessToken, localId, refreshToken } = session;
    const claims = JSON.parse(atob(accessToken.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    if (
      Object.keys(session).sort().join() === MEMBERS &&
      [email, localId, refreshToken, claims.sid].every((text) => text && typeof text === "string") &&
      Number.isSafeInteger(expiresIn) &&
      expiresIn > 0 &&
      claims.exp - claims.iat === expiresIn &&
      claims.sub === localId
    ) {
      return claims;
    }
  } catch {
    // it is something else
  }
}

/** Of two states of one session, tells which came later; n counts the renewals. */
const newer = (a, b) => a.iat > b.iat || (a.iat === b.iat && a.n > b.n);

/** The service that this module came from if it came from one, else that of the page. */
function home() {
  const from = import.meta.url && new URL(import.meta.url);
  return from && from.pathname === "/client.js" ? from.origin : location?.origin;
}

export function createClient({
  baseUrl = home(),
  apiKey,
  storageKey = "SF_Token",
  storage = sessionStorage,
  renewBefore = 60,
  apis = [],
} = {}) {
  const base = new URL(baseUrl, location).href.replace(/\/$/, "");
  const trusted = [base, ...apis].map((url) => new URL(url, location).origin);
  const clockKey = storageKey + ".clock";
  const listeners = new Set();
  const leaving = new AbortController();
  let renewing; // the renewal under way in this tab
  let refused; // an access token that renewing brought and that was refused all the same
  let timer;
  let failures = 0;
  let pause; // the error by which the server asked for a pause
  let pausedUntil = 0;
  let heard = () => {};

  // --- What is kept -----------------------------------------------------------------------

  /**
   * Reads the session anew each time: other scripts of the page may have written it.
   *
   * The clock of this device may be wrong. When a session was received is known by it, and how
   * long it lasts by its token, so that no other clock is needed. Of a session that somebody
   * else stored, the time of receipt is the token's own or now, whichever is earlier.
   */
  function read() {
    try {
      const session = JSON.parse(storage.getItem(storageKey));
      const { jti, iat, sid } = inspect(session);
      let clock = JSON.parse(storage.getItem(clockKey));
      if (clock?.jti !== jti) clock = setClock(jti, Math.min(Date.now(), iat * 1000), 0);
      const { at, n } = clock;
      const lifetime = session.expiresIn * 1000;
      const until = at + lifetime;
      return { session, sid, iat, n, at, until, renewAt: until - Math.min(renewBefore * 1000, lifetime / 5) };
    } catch {
      // nobody is signed in
    }
  }

  function setClock(jti, at, n) {
    const clock = { jti, at, n };
    storage.setItem(clockKey, JSON.stringify(clock));
    return clock;
  }

  /** Keeps a session that was received at that time, or as read finds it to be. */
  function write(session, type, at, n) {
    const claims = inspect(session);
    if (!claims) throw failure(502, "", "no AuthorizationResponse");
    const { email, expiresIn, accessToken, localId, refreshToken } = session;
    storage.setItem(storageKey, JSON.stringify({ email, expiresIn, accessToken, localId, refreshToken }));
    if (at) setClock(claims.jti, at, n);
    failures = 0;
    schedule();
    tell({ type, session });
    return session;
  }

  function forget(code) {
    clearTimeout(timer);
    storage.removeItem(storageKey);
    storage.removeItem(clockKey);
    tell({ type: "signed_out", session: null, code });
  }

  // A listener that throws must not stop the others, nor us.
  const tell = (event) => listeners.forEach((listener) => queueMicrotask(() => listener(event)));

  // --- Other tabs -------------------------------------------------------------------------

  const channel = document && BroadcastChannel && new BroadcastChannel("gatehouse " + storageKey);
  const say = (message) => channel?.postMessage(message);
  const share = ({ session, at, n }) => say({ session, at, n });

  if (channel) {
    channel.onmessage = ({ data: { session, at, n, ask, iat, out } }) => {
      const held = read();
      if (!held) return;
      const claims = inspect(session);
      if (claims?.sid === held.sid && newer({ iat: claims.iat, n }, held)) {
        write(session, "renewed", at, n);
        heard();
      }
      if (ask === held.sid && newer(held, { iat, n })) share(held);
      if (out) {
        const same = out.sid === held.sid;
        if (out.scope === "this" ? same : out.localId === held.session.localId && !(same && out.scope === "others")) forget(out.code);
      }
    };
  }

  /** Asks the other tabs whether they hold this session in a newer state. */
  const consult = ({ sid, iat, n }) =>
    channel &&
    new Promise((done) => {
      heard = done;
      setTimeout(done, PEERS);
      say({ ask: sid, iat, n });
    });

  /** Lets one tab at a time do something with a session, as far as the browser can. */
  async function alone({ sid }, work) {
    let begun;
    try {
      return await navigator.locks.request("gatehouse " + sid, { signal: AbortSignal.timeout(PATIENCE + 5000) }, () => (begun = work()));
    } catch {
      // The work failed; or there are no locks here, or a frozen tab keeps this one. Then the
      // server's grace is left: who presents a refresh token second gets the same successor.
      return begun || work();
    }
  }

  // --- Requests ---------------------------------------------------------------------------

  async function send(path, body, { method = "POST", headers = {}, by = fetch } = {}) {
    let response;
    let text;
    let answer;
    try {
      response = await by(base + path, {
        method,
        headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
        body: body && JSON.stringify(body),
        redirect: "error", // a redirect could carry the body to another place
        signal: AbortSignal.timeout(PATIENCE),
      });
      text = await response.text();
    } catch (problem) {
      throw problem instanceof GatehouseError ? problem : new GatehouseError(0);
    }
    try {
      answer = JSON.parse(text);
    } catch {
      // a proxy's page, or nothing
    }
    answer ??= {};
    if (!response.ok) throw new GatehouseError(response.status, answer, +response.headers.get("Retry-After") || 0);
    return answer;
  }

  async function asUser(path, body, method) {
    await token();
    return send(path, body, { method, by: authorized });
  }

  async function enter(path, body) {
    const at = Date.now();
    const answer = await send(path, body, { headers: apiKey && { "x-api-key": apiKey } });
    if (answer.message) return { pending: true, message: answer.message };
    return answer.mfaRequired ? answer : write(answer, "signed_in", at, 0);
  }

  // --- Renewal ----------------------------------------------------------------------------

  /** Replaces an access token. It resolves to what is held then: nothing after a sign-out. */
  const renew = (held) => (renewing ||= alone(held, () => replace(held.session.accessToken)).finally(() => (renewing = 0)));

  async function replace(used) {
    const unchanged = () => read()?.session.accessToken === used;
    if (unchanged()) await consult(read());
    const held = read();
    if (!unchanged()) return held;
    try {
      const at = Date.now();
      if (at < pausedUntil) throw pause;
      const answer = await send("/auth/refreshToken", { refreshToken: held.session.refreshToken });
      if (unchanged()) {
        write(answer, "renewed", at, held.n + 1);
        share(read());
      }
      return read();
    } catch (problem) {
      if (problem.status !== 401) retry(problem);
      else if (unchanged()) end(held, problem.code);
      throw problem;
    }
  }

  /** Anything but a refusal keeps the session: the same refresh token is presented again. */
  function retry(problem) {
    if (problem.retryAfter && problem !== pause) {
      pause = problem;
      pausedUntil = Date.now() + problem.retryAfter * 1000;
    }
    schedule(Math.max(Math.min(2 ** failures++, 30) * (750 + 500 * Math.random()), pausedUntil - Date.now()));
  }

  function end({ sid, session: { localId } }, code, scope = "this") {
    if (scope !== "others") forget(code);
    say({ out: { sid, localId, scope, code } });
  }

  function schedule(delay) {
    clearTimeout(timer);
    const held = read();
    if (held && !leaving.signal.aborted) timer = setTimeout(check, Math.min(delay ?? held.renewAt - Date.now(), 2 ** 31 - 1));
  }

  /** Renews what is due. Timers stand still while a device sleeps, so this is called often. */
  function check() {
    const held = read();
    if (Date.now() >= held?.renewAt) renew(held).catch(() => {});
    else schedule();
  }

  async function token() {
    let held = read();
    if (Date.now() >= held?.renewAt) {
      try {
        held = await renew(held);
      } catch (problem) {
        if (problem.status === 401 || Date.now() >= held.until) throw problem;
      }
    }
    if (!held) throw failure(401, "signed_out", "nobody is signed in");
    return held.session.accessToken;
  }

  async function authorized(input, init) {
    const request = new Request(input, init);
    if (!read() || request.headers.has("Authorization") || !trusted.includes(new URL(request.url).origin)) return fetch(request);
    const attempt = (bearer) => {
      const copy = request.clone();
      copy.headers.set("Authorization", "Bearer " + bearer);
      return fetch(copy);
    };
    const used = await token();
    const response = await attempt(used);
    if (response.status !== 401 || used === refused) return response;
    let held = read();
    try {
      if (held?.session.accessToken === used) held = await renew(held);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      held = 0;
    }
    if (!held) return response;
    const fresh = held.session.accessToken;
    const again = await attempt(fresh);
    if (again.status === 401) refused = fresh;
    return again;
  }

  // --- Coming and going -------------------------------------------------------------------

  async function signOut({ scope = "this" } = {}) {
    const held = read();
    if (!held) return;
    let failed;
    try {
      await asUser("/auth/logout", { scope });
    } catch (problem) {
      if (problem.status !== 401) failed = problem; // else it had ended already
    }
    if (read()?.sid === held.sid && !(failed && scope === "others")) end(held, "signed_out", scope);
    if (failed) throw failed;
  }

  async function acceptHandOff({ confirm = (email, held) => !held || held.email === email } = {}) {
    const { hash, pathname, search } = location;
    if (!hash.startsWith(HAND_OFF)) return null;
    history.replaceState(history.state, "", pathname + search);
    let session;
    try {
      session = JSON.parse(decodeURIComponent(hash.slice(HAND_OFF.length)));
    } catch {
      // refused below
    }
    if (!inspect(session)) throw failure(400, "invalid_hand_off", "the link is damaged");
    if (!(await confirm(session.email, client.session()))) throw failure(403, "hand_off_declined", "the account stays");
    return write(session, "signed_in");
  }

  for (const type of ["visibilitychange", "online", "pageshow", "focus"]) {
    globalThis.addEventListener?.(type, check, { signal: leaving.signal });
  }
  check();

  const client = {
    signIn: (credentials) => enter("/auth/login", credentials),
    signUp: (person) => enter("/auth/register", person),
    signOut,
    session: () => read()?.session ?? null,
    expiresAt: () => read()?.until ?? null,
    user: () => asUser("/auth/me", undefined, "GET"),
    fetch: authorized,
    token,
    handOffLink: async ({ continueTo } = {}) => (await asUser("/auth/handoff", { continue: continueTo })).url,
    acceptHandOff,
    adopt: (session) => write(session, "signed_in"),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      leaving.abort();
      clearTimeout(timer);
      channel?.close();
      listeners.clear();
    },
  };
  return client;
}
