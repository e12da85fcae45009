// Hints that something is new, as server-sent events. A hint names a kind and nothing else; pages that
// show such things ask again.
import { endpoint } from "../api/client";

export type News = "PAYMENTS" | "DELIVERIES" | "RAILS" | "QUEUE";

const counts = $state<Record<News, number>>({ PAYMENTS: 0, DELIVERIES: 0, RAILS: 0, QUEUE: 0 });
const line = $state({ open: false });

// news makes whatever effect calls it run again when something of the kind is new.
export function news(kind: News): number {
  return counts[kind];
}

export function connected(): boolean {
  return line.open;
}

const subscription = `subscription Live($project: ID!, $mode: Mode!) { changes(project: $project, mode: $mode) { kind } }`;

const shortestPause = 1_000;
const longestPause = 30_000;

// follow listens while the page is looked at, until it is told to stop. A browser has few connections to
// one origin: pages in the background must not hold them all. When it begins to listen again everything
// counts as new, because nobody knows what was missed.
export function follow(project: string, mode: string): () => void {
  let stop: AbortController | undefined;
  let missed = false;

  function begin(): void {
    if (stop || document.visibilityState === "hidden") return;
    stop = new AbortController();
    void keep(project, mode, stop.signal, missed);
    missed = true;
  }
  function end(): void {
    stop?.abort();
    stop = undefined;
    line.open = false;
  }
  const look = () => (document.visibilityState === "hidden" ? end() : begin());

  begin();
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", end);
  addEventListener("pageshow", begin);
  return () => {
    document.removeEventListener("visibilitychange", look);
    removeEventListener("pagehide", end);
    removeEventListener("pageshow", begin);
    end();
  };
}

// keep listens, and again after a pause whenever the line breaks.
async function keep(project: string, mode: string, signal: AbortSignal, missed: boolean): Promise<void> {
  let pause = shortestPause;
  for (let again = missed; !signal.aborted; again = true) {
    try {
      if (!(await listen(project, mode, signal, again))) return;
      pause = shortestPause;
    } catch {
      if (!signal.aborted) line.open = false;
    }
    if (signal.aborted) return;
    await new Promise((r) => setTimeout(r, pause));
    pause = Math.min(2 * pause, longestPause);
  }
}

// listen reads one stream to its end, and answers whether to try again.
async function listen(project: string, mode: string, signal: AbortSignal, missed: boolean): Promise<boolean> {
  const answer = await fetch(endpoint, {
    method: "POST",
    credentials: "same-origin",
    signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ query: subscription, variables: { project, mode } }),
  });
  if (answer.status === 401 || answer.status === 403) return false;
  if (!answer.ok || !answer.body) throw new Error(`answered ${answer.status}`);
  line.open = true;
  if (missed) all();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) hear(part);
  }
  line.open = false;
  return true;
}

function hear(text: string): void {
  if (!text.startsWith("data:")) return;
  let kind: unknown;
  try {
    kind = JSON.parse(text.slice(5)).data?.changes?.kind;
  } catch {
    return;
  }
  if (typeof kind === "string" && kind in counts) counts[kind as News]++;
}

function all(): void {
  for (const kind of Object.keys(counts) as News[]) counts[kind]++;
}
