import { remember, remembered } from "./keep";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const stored = remembered("theme");

export const theme = $state({ chosen: (themes.find((t) => t === stored) ?? "auto") as Theme });

export function applyTheme(): void {
  if (theme.chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.chosen;
}

export function chooseTheme(next: Theme): void {
  theme.chosen = next;
  remember("theme", next);
  applyTheme();
}
