// Folded parts: a link to one, or to something inside it, opens it.

function unfold(anchor) {
  let part = document.getElementById(anchor)?.closest("details");
  for (; part; part = part.parentElement.closest("details")) part.open = true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link) unfold(link.hash.slice(1)); // before the page scrolls there
});
addEventListener("hashchange", () => unfold(location.hash.slice(1)));
unfold(location.hash.slice(1));
