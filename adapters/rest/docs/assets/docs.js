"use strict";
// The page is complete without this. It adds: copying, finding a route by name, and a mark in the
// contents at what is being read.
(() => {
  for (const button of document.querySelectorAll("button.copy")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const said = button.textContent;
      try {
        await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Copy failed";
      }
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }

  const side = document.querySelector("nav.side");
  if (!side) return;

  const filter = side.querySelector(".filter");
  const wanted = filter.querySelector("input");
  filter.hidden = false;
  wanted.addEventListener("input", () => {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const group of side.querySelectorAll(":scope > ul > li")) {
      let shown = 0;
      for (const item of group.querySelectorAll("li")) {
        const text = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        if (!item.hidden) shown++;
      }
      const own = group.firstElementChild.textContent.toLowerCase();
      group.hidden = shown === 0 && !words.every((word) => own.includes(word));
    }
  });

  // A menu that stays open after its link was followed hides what it led to.
  const menu = document.querySelector("details.menu");
  menu.addEventListener("click", (event) => {
    if (event.target.closest("a")) menu.open = false;
  });

  const links = new Map();
  for (const link of side.querySelectorAll("a")) links.set(link.hash.slice(1), link);
  let marked = null;
  const mark = (id) => {
    const link = links.get(id);
    if (!link || link === marked) return;
    if (marked) marked.removeAttribute("aria-current");
    marked = link;
    link.setAttribute("aria-current", "true");
    const view = side.getBoundingClientRect();
    const at = link.getBoundingClientRect();
    if (at.top < view.top + 40 || at.bottom > view.bottom - 40) {
      side.scrollTop += at.top - view.top - view.height / 3;
    }
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) mark(entry.target.id);
  }, { rootMargin: "-15% 0px -75% 0px" });
  for (const id of links.keys()) {
    const part = document.getElementById(id);
    if (part) watcher.observe(part);
  }
})();
