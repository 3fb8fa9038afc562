// A whole single-page app around the Gatehouse client. Its settings are in config.json:
// baseUrl (where Gatehouse is), apiKey (a publishable one) and api (a downstream API).

const config = await (await fetch("config.json")).json();
const baseUrl = new URL(config.baseUrl || "/", location.href);
const { createClient, GatehouseError } = await import(new URL("/client.js", baseUrl).href);

const client = createClient({ baseUrl: baseUrl.href, apiKey: config.apiKey, apis: config.api ? [config.api] : [] });
const $ = (id) => document.getElementById(id);
let renewals = 0;
let registering = false;

// --- What is shown --------------------------------------------------------------------------

/** Shows one part of the page and moves the focus to its heading, so that it is read out. */
function show(part) {
  for (const id of ["guest", "mail", "member"]) $(id).hidden = id !== part;
  $(part).querySelector("h1").focus();
}

function render() {
  const session = client.session();
  $("who").textContent = session?.email ?? "";
  if (session && $("member").hidden) {
    show("member");
    profile().catch(complain);
  } else if (!session && $("mail").hidden && $("guest").hidden) {
    $("answer").replaceChildren();
    $("link").replaceChildren();
    show("guest");
  }
}

async function profile() {
  const user = await client.user();
  $("greeting").textContent = "Hello " + (user.displayName || user.name || user.email);
  const rows = { "E-mail": user.email, Verified: user.emailVerified ? "yes" : "not yet", "User type": user.userType, Id: user.localId };
  $("profile").replaceChildren(
    ...Object.entries(rows).flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
  );
  $("unverified").hidden = user.emailVerified;
}

function element(name, text) {
  const e = document.createElement(name);
  e.textContent = text;
  return e;
}

function countDown() {
  const session = client.session();
  if (!session) return;
  const left = Math.max(0, client.expiresAt() - Date.now());
  const seconds = Math.ceil(left / 1000);
  $("left").textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
  $("life").value = left / (session.expiresIn * 1000);
}

function log(text) {
  $("log").append(element("li", new Date().toLocaleTimeString() + "  " + text));
  $("log").lastChild.scrollIntoView({ block: "nearest" });
}

// --- What goes wrong ------------------------------------------------------------------------

const words = {
  bad_credentials: "The e-mail address or the password is wrong.",
  email_exists: "There is an account with this address already. Sign in instead.",
  email_not_verified: "The address is not verified yet. Open the link in your mail first.",
  network: "No connection. Try again.",
  session_ended: "Your session has ended. Sign in again.",
  token_reused: "Your session was ended because its key was used twice. Sign in again.",
};

function complain(problem) {
  let text = words[problem.code] ?? problem.fields?.map((f) => f.message).join(" ") ?? "";
  if (problem.code === "rate_limited") text = "Too many attempts. Try again in " + problem.retryAfter + " seconds.";
  $("problem").textContent = text || problem.message;
  $("problem").hidden = false;
  if (!(problem instanceof GatehouseError)) log("failed: " + problem.message);
}

/** Runs what a button does: one at a time, and its failure is said. */
async function act(button, work) {
  $("problem").hidden = true;
  button.disabled = true;
  try {
    await work();
  } catch (problem) {
    complain(problem);
    $("problem").focus();
  } finally {
    button.disabled = false;
  }
}

// --- What people do -------------------------------------------------------------------------

function choose(isNew) {
  registering = isNew;
  $("problem").hidden = true;
  $("guest").classList.toggle("new", isNew);
  $("guest-title").textContent = $("submit").textContent = isNew ? "Create an account" : "Sign in";
  $("switch").textContent = isNew ? "Have an account? Sign in" : "No account yet? Create one";
  $("password").autocomplete = isNew ? "new-password" : "current-password";
  if (isNew) $("password").setAttribute("aria-describedby", "password-hint");
  else $("password").removeAttribute("aria-describedby");
}

$("switch").addEventListener("click", () => {
  choose(!registering);
  $("guest-title").focus();
});

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  act($("submit"), async () => {
    const email = $("email").value;
    const password = $("password").value;
    const answer = registering
      ? await client.signUp({ email, password, ...($("name").value && { name: $("name").value }) })
      : await client.signIn({ email, password });
    $("password").value = "";
    if (answer.pending) {
      $("mail-address").textContent = email;
      show("mail");
    } else if (answer.mfaRequired) {
      throw new Error("This account has a second factor, which this example does not ask for.");
    }
  });
});

$("mail-back").addEventListener("click", () => {
  choose(false);
  show("guest");
});

$("call").addEventListener("click", () =>
  act($("call"), async () => {
    const response = await client.fetch(new URL("/hello", config.api));
    $("answer").replaceChildren(element("code", response.status + " " + (await response.text())));
    log("called the API: " + response.status);
  }),
);

$("handoff").addEventListener("click", () =>
  act($("handoff"), async () => {
    const link = element("a", "A link for another browser");
    link.href = await client.handOffLink({ continueTo: location.href.split(/[?#]/)[0] });
    link.rel = "noreferrer";
    $("link").replaceChildren(link);
    log("made a hand-off link");
  }),
);

for (const button of document.querySelectorAll("[data-scope]")) {
  button.addEventListener("click", () =>
    act(button, async () => {
      const { scope } = button.dataset;
      await client.signOut({ scope });
      log(scope === "others" ? "signed out everywhere else" : "signed out");
    }),
  );
}

/** Asks whether to go on with a session that a link brought. */
function confirmHandOff(email) {
  $("confirm-email").textContent = email;
  $("confirm").showModal();
  return new Promise((done) => {
    $("confirm").addEventListener("close", () => done($("confirm").returnValue === "yes"), { once: true });
  });
}

// --- The beginning --------------------------------------------------------------------------

client.onChange(({ type, code }) => {
  if (type === "renewed") $("renewals").textContent = String(++renewals);
  if (code && code !== "signed_out") complain({ code, message: "You have been signed out.", fields: [] });
  log({ signed_in: "signed in", renewed: "renewed the session", signed_out: "the session ended" }[type]);
  render();
  countDown();
});

for (const id of ["mail-inbox", "unverified-inbox"]) $(id).href = new URL("/dev/mail", baseUrl).href;
$("api-url").textContent = config.api ? new URL("/hello", config.api).href : "no API";
$("call").disabled = !config.api;
setInterval(countDown, 1000);
try {
  await client.acceptHandOff({ confirm: confirmHandOff });
} catch (problem) {
  if (problem.code !== "hand_off_declined") complain(problem);
}
render();
countDown();
