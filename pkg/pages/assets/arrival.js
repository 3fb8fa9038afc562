// The last step of signing in. It belongs to a page without any data in it: what it stores comes
// from one request, which the server answers once, for a cookie that no script can read.
"use strict";

const endpoint = "/auth/thirdPartySignIn";

// First of all, whatever brought us here leaves the address bar and the history.
history.replaceState(null, "", endpoint);

// show makes one section visible, the only one, and takes the reader there.
function show(id) {
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== id;
  }
  document.querySelector(`#${id} h1`).focus();
}

function post(path, headers) {
  return fetch(path, {
    method: "POST", body: "{}", headers: { "Content-Type": "application/json", ...headers },
    credentials: "same-origin", cache: "no-store", redirect: "error",
  });
}

// go hands the tokens over and leaves. Another origin gets them in the fragment, which reaches
// no server, and nothing is kept here.
function go({ authorization: a, destination, ownOrigin }) {
  const text = JSON.stringify({
    email: a.email, expiresIn: a.expiresIn, accessToken: a.accessToken, localId: a.localId, refreshToken: a.refreshToken,
  });
  const to = new URL(destination);
  if (!/^https?:$/.test(to.protocol) || ownOrigin !== (to.origin === location.origin)) {
    throw new Error("that is no destination");
  }
  if (ownOrigin) {
    sessionStorage.setItem("SF_Token", text);
  } else {
    to.hash = "SF_Token=" + encodeURIComponent(text);
  }
  location.replace(to);
}

// ask lets the reader say whether this is their account: a link from somebody else must not sign
// anybody in as somebody else.
function ask(arrival) {
  const heading = document.querySelector("#confirm h1");
  heading.textContent = heading.textContent.replace("{email}", () => arrival.authorization.email);
  document.getElementById("yes").addEventListener("click", () => attempt(() => {
    show("working");
    go(arrival);
  }));
  document.getElementById("no").addEventListener("click", async () => {
    show("working");
    await post("/auth/logout", { Authorization: "Bearer " + arrival.authorization.accessToken }).catch(() => {});
    show("cancelled");
  });
  show("confirm");
}

async function attempt(step) {
  try {
    await step();
  } catch {
    show("failed");
  }
}

attempt(async () => {
  show("working");
  const answer = await post(endpoint);
  if (!answer.ok) {
    show("failed");
    return;
  }
  const arrival = await answer.json();
  if (arrival.confirm) {
    ask(arrival);
  } else {
    go(arrival);
  }
});
