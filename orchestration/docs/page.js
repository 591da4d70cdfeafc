"use strict";
const box = document.getElementById("search");
const found = document.getElementById("found");
const nothing = document.getElementById("nothing");
const entries = [...document.querySelectorAll("[data-search]")];
const sections = [...document.querySelectorAll("main > section")];

// every word must be somewhere in the entry; no words show everything
function search() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const entry of entries) {
    const told = entry.dataset.search;
    const fits = words.every((word) => told.includes(word));
    entry.hidden = !fits;
    count += fits ? 1 : 0;
  }
  for (const section of sections) {
    section.hidden = words.length > 0 && !section.querySelector("[data-search]:not([hidden])");
  }
  for (const title of document.querySelectorAll("main > section > h3")) {
    let next = title.nextElementSibling;
    let shown = false;
    while (next && next.tagName !== "H3") {
      shown = shown || !next.hidden;
      next = next.nextElementSibling;
    }
    title.hidden = !shown;
  }
  nothing.hidden = count > 0;
  found.textContent = words.length ? `${count} found` : "";
}

// what a link points at may lie in something closed, or be left out by the search
function show() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.closest("[hidden]")) {
    box.value = "";
    search();
  }
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  target.scrollIntoView();
}

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function keep(theme) {
  try { localStorage.setItem("frontdesk-theme", theme); } catch { /* a file may not */ }
}

function kept() {
  try { return localStorage.getItem("frontdesk-theme"); } catch { return null; }
}

box.addEventListener("input", search);
addEventListener("hashchange", show);
document.addEventListener("click", (event) => {
  // the same link once more changes no hash
  const link = event.target.closest('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) show();
});
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === "/" && !typing) {
    event.preventDefault();
    box.focus();
  }
  if (event.key === "Escape" && document.activeElement === box) {
    box.value = "";
    search();
  }
});
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
document.getElementById("theme").addEventListener("click", () => {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  keep(theme);
});
if (kept()) document.documentElement.dataset.theme = kept();
if (matchMedia("(max-width: 56rem)").matches) document.getElementById("contents").open = false;
search();
show();
