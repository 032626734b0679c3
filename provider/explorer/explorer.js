// Shows the document beside this page. It offers to send no request: the origin of a login is no place
// to paste secrets into.
SwaggerUIBundle({
  url: new URL("../openapi.json", document.location).href,
  domNode: document.getElementById("explorer"),
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [() => ({ wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null } })],
  layout: "BaseLayout",
  supportedSubmitMethods: [],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});
