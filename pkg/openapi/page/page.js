"use strict";

// Shows /openapi.json with Swagger UI, and fills credentials in where they are known.
(async () => {
  const told = document.getElementById("told");
  const tell = (text) => { told.textContent = text; };

  const answer = await fetch("openapi.json").catch(() => null);
  if (!answer || !answer.ok) {
    tell("The description could not be loaded. Reload to try again.");
    return;
  }
  const spec = await answer.json();
  // Requests go where this page came from: the policy of the page allows nothing else, and the
  // public URL may be another name of the same server.
  spec.servers = [{ url: new URL(".", location.href).href.replace(/\/$/, "") }];

  const authorize = (name, value) =>
    ui.authActions.authorizeWithPersistOption({
      [name]: { name, value, schema: ui.specSelectors.specJson().getIn(["components", "securitySchemes", name]) },
    });

  // A development server names its publishable key. It replaces one of an earlier start and
  // nothing that somebody entered on purpose.
  const fillInKey = () => {
    const key = document.body.dataset.key;
    const entered = ui.authSelectors.authorized().getIn(["apiKey", "value"]);
    if (key && (!entered || entered.startsWith("pk_"))) {
      authorize("apiKey", key);
      tell("The publishable key of this development server is filled in.");
    }
  };

  const fillInToken = (response) => {
    const body = response.obj;
    if (response.ok && body && typeof body.accessToken === "string") {
      authorize("bearer", body.accessToken);
      tell(`Signed in as ${body.email}: the access token is filled in.`);
    }
    return response;
  };

  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#api",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    validatorUrl: null, // it would ask another host
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    responseInterceptor: fillInToken,
    onComplete: fillInKey,
  });
})();
