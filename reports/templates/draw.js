for (const place of document.querySelectorAll("[data-chart]")) {
  const specification = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  // `ast`: expressions are interpreted, not compiled, as the page's policy forbids eval.
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true };
  vegaEmbed(place, specification, options).catch((error) => {
    place.textContent = "This chart could not be drawn: " + error.message;
  });
}
