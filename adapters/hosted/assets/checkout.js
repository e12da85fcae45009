// Makes the page quicker; everything on it works without. Copies, counts down, and looks again when
// the server says that something changed.
"use strict";
(() => {
  const doc = document;
  const announcer = doc.getElementById("announce");
  const here = () => doc.getElementById("checkout");
  let skew = 0; // our clock minus the server's, in ms
  let warned = false;

  function announce(text) {
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = text; }, 60); // or the same words twice stay silent
  }

  // --- copying

  async function copy(button) {
    const source = doc.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Without https there is no clipboard, but there is a selection.
      getSelection().selectAllChildren(source);
      if (!doc.execCommand("copy")) return;
      getSelection().removeAllRanges();
    }
    announce(button.dataset.say);
    if (button.classList.contains("is-done")) return;
    const label = button.textContent;
    button.style.minWidth = button.offsetWidth + "px";
    button.textContent = "✓ " + button.dataset.done;
    button.classList.add("is-done");
    setTimeout(() => {
      button.textContent = label;
      button.classList.remove("is-done");
    }, 2000);
  }

  doc.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy],[data-print]");
    if (!button) return;
    if ("print" in button.dataset) print();
    else copy(button);
  });

  // --- time

  function count() {
    const clock = doc.getElementById("left");
    if (!clock) return;
    const ms = Date.parse(clock.dataset.until) - (Date.now() - skew);
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(s / 3600);
    const minutes = Math.floor(s / 60) % 60;
    clock.textContent = (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(s % 60);
    const soon = s < 120;
    clock.classList.toggle("soon", soon);
    if (soon && s > 0 && !warned) {
      warned = true;
      announce(clock.dataset.soon);
    }
    if (ms <= 0 && !clock.dataset.over) {
      clock.dataset.over = "1";
      setTimeout(look, 500);
    }
  }

  function localise() {
    const format = new Intl.DateTimeFormat(doc.documentElement.lang, {
      year: "numeric", month: "short", day: "numeric",
      hour: "numeric", minute: "2-digit", timeZoneName: "short",
    });
    for (const time of doc.querySelectorAll("main time")) {
      time.title = time.textContent;
      time.textContent = format.format(new Date(time.dateTime));
    }
  }

  function prepare() {
    skew = Date.now() - Date.parse(here().dataset.now);
    for (const e of doc.querySelectorAll("[data-copy],[data-print]")) e.hidden = false;
    localise();
    count();
  }

  // --- looking again

  // swap shows another rendering and keeps what the reader did: what is typed, open and in focus.
  function swap(fresh, title) {
    const old = here();
    const active = doc.activeElement;
    const inside = old.contains(active);
    const typed = [...old.querySelectorAll("input")].map((e) => [e.id, e.value, e.selectionStart]);
    const open = [...old.querySelectorAll("details[open]")].map((e) => e.id);
    old.replaceWith(fresh);
    doc.title = title;
    prepare();
    for (const id of open) doc.getElementById(id)?.setAttribute("open", "");
    for (const [id, value, at] of typed) {
      const input = doc.getElementById(id);
      if (!input || !value) continue;
      input.value = value;
      input.setSelectionRange(at, at);
    }
    if (inside) (doc.getElementById(active.id) ?? fresh).focus({ preventScroll: true });
    if (old.dataset.say !== fresh.dataset.say) announce(fresh.dataset.say);
  }

  async function look() {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("checkout");
    if (!fresh || fresh.dataset.version === here().dataset.version) return;
    doc.body.className = page.body.className;
    swap(doc.adoptNode(fresh), page.title);
  }

  const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

  // listen follows the event stream until it fails or falls silent, and tells whether it spoke.
  function listen() {
    return new Promise((done) => {
      const stream = new EventSource(here().dataset.live);
      let heard = false;
      let silence;
      const end = () => { clearTimeout(silence); stream.close(); done(heard); };
      const wait = (ms) => { clearTimeout(silence); silence = setTimeout(end, ms); };
      stream.addEventListener("version", (event) => {
        heard = true;
        wait(40000);
        if (event.data !== here().dataset.version) look().catch(end);
      });
      stream.onerror = end;
      wait(8000);
    });
  }

  async function poll() {
    const answer = await fetch(here().dataset.status, { cache: "no-cache" });
    if (!answer.ok) throw new Error(String(answer.status));
    if ((await answer.json()).version !== here().dataset.version) await look();
  }

  // follow prefers the stream. Where none gets through it polls, more slowly while that fails too.
  async function follow() {
    for (let deaf = 0, failures = 0; here().dataset.live;) {
      if (deaf < 3) deaf = await listen() ? 0 : deaf + 1;
      try {
        await poll();
        failures = 0;
      } catch {
        failures++;
      }
      await pause(Math.min(30000, 3000 * 2 ** failures) * (0.75 + Math.random() / 2));
    }
  }

  if (!here()?.dataset.version) return; // a page about a failure
  prepare();
  setInterval(count, 1000);
  doc.addEventListener("visibilitychange", () => {
    if (!doc.hidden && here().dataset.live) poll().catch(() => {});
  });
  follow();
})();
