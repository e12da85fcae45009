import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

// The tokens follow the browser's choice of light or dark. On the dashboard a person can choose too:
// the dark values are said once more for that, from the same source.
export function chosenTheme(): Plugin {
  return {
    name: "chosen-theme",
    enforce: "pre",
    transform(css, id) {
      if (!id.endsWith("/tokens.css")) return null;
      return css.replace(/@media \(prefers-color-scheme: dark\) \{\s*:root (\{[^}]*\})\s*\}/, (_, dark: string) =>
        `@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) ${dark} }\n` +
        `:root[data-theme="dark"] ${dark}\n` +
        `:root[data-theme="dark"] { color-scheme: dark }\n:root[data-theme="light"] { color-scheme: light }\n`);
    },
  };
}

export default defineConfig({
  base: "/dashboard/",
  plugins: [chosenTheme(), svelte()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
