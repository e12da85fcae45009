// Which page is at which path, and where it stands in the navigation. Each page is loaded when it is
// first opened.
import type { Component } from "svelte";
import type { IconName } from "./parts/Icon.svelte";
import type { Word } from "./words/en";

export type PageProps = { id: string };
// Many pages are about nothing in particular, and take no id.
export type Page = () => Promise<{ default: Component<PageProps> | Component<Record<string, never>> }>;

export const pages: Record<string, Page> = {
  "": () => import("./pages/Overview.svelte"),
  start: () => import("./pages/Start.svelte"),
  payments: () => import("./pages/Payments.svelte"),
  "payments/:id": () => import("./pages/Payment.svelte"),
  search: () => import("./pages/Search.svelte"),
  queue: () => import("./pages/Queue.svelte"),
  reports: () => import("./pages/Reports.svelte"),
  book: () => import("./pages/Book.svelte"),
  receiving: () => import("./pages/Receiving.svelte"),
  programs: () => import("./pages/Programs.svelte"),
  keys: () => import("./pages/Keys.svelte"),
  webhooks: () => import("./pages/Webhooks.svelte"),
  "webhooks/:id": () => import("./pages/Webhook.svelte"),
  rails: () => import("./pages/Rails.svelte"),
  people: () => import("./pages/People.svelte"),
  activity: () => import("./pages/Activity.svelte"),
  security: () => import("./pages/Security.svelte"),
  settings: () => import("./pages/Settings.svelte"),
  verification: () => import("./pages/Kyc.svelte"),
};

// doors are the pages for who is not signed in.
export const doors: Record<string, Page> = {
  "sign-in": () => import("./pages/SignIn.svelte"),
  register: () => import("./pages/Register.svelte"),
  "invitations/:id": () => import("./pages/Invitation.svelte"),
};

export type Place = { path: string; icon: IconName; word: Word; key?: string; right?: string };

// The navigation: what a merchant does daily, what connects his shop, who works here.
export const navigation: { word: Word; places: Place[] }[] = [
  {
    word: "nav.money",
    places: [
      { path: "", icon: "overview", word: "overview.title", key: "o" },
      { path: "payments", icon: "payments", word: "payments.title", key: "p" },
      { path: "queue", icon: "queue", word: "queue.title", key: "q" },
      { path: "reports", icon: "reports", word: "reports.title", key: "r" },
      { path: "programs", icon: "programs", word: "programs.title", key: "x" },
    ],
  },
  {
    word: "nav.connect",
    places: [
      { path: "start", icon: "start", word: "start.title", key: "s", right: "manage_keys" },
      { path: "keys", icon: "keys", word: "keys.title", key: "k" },
      { path: "webhooks", icon: "webhooks", word: "webhooks.title", key: "w" },
      { path: "receiving", icon: "receiving", word: "receiving.title", key: "a" },
      { path: "rails", icon: "rails", word: "rails.title", key: "n" },
    ],
  },
  {
    word: "nav.people",
    places: [
      { path: "people", icon: "people", word: "people.title", key: "t" },
      { path: "activity", icon: "activity", word: "activity.title", right: "read_audit" },
      { path: "security", icon: "security", word: "security.title" },
      { path: "verification", icon: "verification", word: "kyc.title", key: "v", right: "manage_kyc" },
      { path: "settings", icon: "settings", word: "settings.title", key: "," },
    ],
  },
];

// found answers the page of a path, and the id in it.
export function found(table: Record<string, Page>, path: string): { page: Page; id: string } | null {
  const exact = table[path];
  if (exact) return { page: exact, id: "" };
  const cut = path.lastIndexOf("/");
  const page = cut > 0 ? table[`${path.slice(0, cut)}/:id`] : undefined;
  return page ? { page, id: decodeURIComponent(path.slice(cut + 1)) } : null;
}
