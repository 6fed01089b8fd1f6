// Shows the document. Where that asks for a key, so does this page; it keeps the key in this variable and nowhere else.
"use strict";

let key = "";

/** The document, or null if the key does not open it. */
async function read() {
  const headers = key ? { Authorization: "Bearer " + key } : {};
  const response = await fetch("../openapi.json", { headers, cache: "no-store" });
  if (response.ok) return response.json();
  if (response.status === 401) return null;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail || "HTTP " + response.status);
}

function show(spec) {
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    layout: "BaseLayout",
    presets: [SwaggerUIBundle.presets.apis],
    defaultModelsExpandDepth: 0,
    // The validator's badge would be fetched from elsewhere, with the address of this service in the request.
    validatorUrl: "none",
    // The key goes to this service alone.
    requestInterceptor: (request) => {
      const url = new URL(request.url, window.location.href);
      if (key && url.origin === window.location.origin) request.headers.Authorization = "Bearer " + key;
      return request;
    },
  });
  window.ui = ui;
}

function ask(fault) {
  const place = document.getElementById("swagger-ui");
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const button = document.createElement("button");
  const told = document.createElement("p");
  input.type = "password";
  input.autocomplete = "off";
  input.required = true;
  label.append("API key ", input);
  button.append("Show the document");
  told.append(fault);
  form.className = "wrapper";
  form.append(label, " ", button, told);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    key = input.value.trim();
    begin("This key is not known.");
  });
  place.replaceChildren(form);
  input.focus();
}

async function begin(fault) {
  try {
    const spec = await read();
    if (spec) show(spec);
    else ask(fault);
  } catch (error) {
    ask(error.message);
  }
}

window.onload = () => begin("The key is kept in this tab alone, and sent in a header.");
