// Who is signed in, and which project and money he is looking at.
import { onSignedOut } from "../api/client";
import { Failure } from "../api/failure";
import { plainly, type Me } from "../api/signin";
import { remember, remembered } from "./keep";
import { go, href, root, route } from "./route.svelte";

export type Mode = "TEST" | "LIVE";

type Signed = { me: Me | null; asked: boolean; project: string; mode: Mode; failure: Failure | null };

const state = $state<Signed>({ me: null, asked: false, project: "", mode: "TEST", failure: null });

export const session = {
  get me(): Me | null { return state.me; },
  get asked(): boolean { return state.asked; },
  get failure(): Failure | null { return state.failure; },
  get project(): string { return state.project; },
  get mode(): Mode { return state.mode; },
  // money is the project and mode, as most questions need them.
  get money(): { project: string; mode: Mode } { return { project: state.project, mode: state.mode }; },
};

export function may(right: string): boolean {
  return state.me?.rights.includes(right) ?? false;
}

// entered takes note of who signed in.
export function entered(me: Me): void {
  state.me = me;
  state.asked = true;
  const known = me.projects.find((p) => p.id === (state.project || remembered("project"))) ?? me.projects[0];
  state.project = known?.id ?? "";
  const mode = remembered("mode");
  state.mode = mode === "LIVE" || mode === "TEST" ? mode : known?.mode === "live" ? "LIVE" : "TEST";
}

export function chooseProject(id: string): void {
  state.project = id;
  remember("project", id);
}

export function chooseMode(mode: Mode): void {
  state.mode = mode;
  remember("mode", mode);
}

// departures counts how often somebody left, so that an answer asked for before does not bring him back.
let departures = 0;

// recognise asks who is signed in.
export async function recognise(): Promise<void> {
  const before = departures;
  state.failure = null;
  try {
    const me = await plainly<Me>("GET", "session");
    if (before === departures) entered(me);
  } catch (err) {
    if (before !== departures) return;
    if (err instanceof Failure && err.code !== "unauthorized") state.failure = err;
    state.me = null;
  }
  state.asked = true;
}

// left takes note that nobody is signed in any more. Who did not mean to leave comes back to where he was.
export function left(meant = false): void {
  departures++;
  state.me = null;
  const here = location.pathname === root ? "" : location.pathname.slice(root.length + 1) + location.search;
  go(href("sign-in", { next: meant ? "" : here }), true);
}

// onward opens the page somebody wanted before he had to sign in.
export function onward(fallback = ""): void {
  const next = route().query.get("next") ?? fallback;
  const to = new URL(href(next.replace(/^\/+/, "")), location.origin);
  go(to.pathname.startsWith(root) ? to.pathname + to.search : href(""), true);
}

onSignedOut(() => {
  if (state.me) left();
});
