addEventListener("load", () => location.replace(document.querySelector("a.primary").href))
