// Where somebody is. Pages are paths below /dashboard, so that the back button, bookmarks and a second
// tab work as everywhere else.

export const root = "/dashboard";

function here(): { path: string; query: URLSearchParams; hash: string } {
  const path = location.pathname.slice(root.length).replace(/^\/+|\/+$/g, "");
  return { path, query: new URLSearchParams(location.search), hash: location.hash.slice(1) };
}

let place = $state.raw(here());

export function route(): { path: string; query: URLSearchParams; hash: string } {
  return place;
}

export function href(path: string, query?: Record<string, string>): string {
  const q = query ? new URLSearchParams(Object.entries(query).filter(([, v]) => v !== "")).toString() : "";
  return (path ? `${root}/${path}` : root) + (q ? `?${q}` : "");
}

// go opens a page of the dashboard. replace leaves no step back to where one was.
export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  place = here();
  scrollTo(0, 0);
}

// follow makes links to pages open them without loading the document anew.
export function follow(e: MouseEvent): void {
  const link = (e.target as Element).closest("a");
  if (!link || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname !== root && !link.pathname.startsWith(`${root}/`)) return;
  if (link.dataset.plain !== undefined || (link.pathname === location.pathname && link.hash)) return;
  e.preventDefault();
  go(link.pathname + link.search + link.hash);
}

export function listen(): () => void {
  const moved = () => { place = here(); };
  addEventListener("popstate", moved);
  return () => removeEventListener("popstate", moved);
}
