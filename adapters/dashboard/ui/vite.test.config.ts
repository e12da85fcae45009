import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

// Bundles the tests for Node's own test runner.
export default defineConfig({
  publicDir: false,
  build: {
    ssr: true,
    outDir: "build/tests",
    emptyOutDir: true,
    target: "node20",
    rolldownOptions: {
      input: readdirSync("tests").map((file) => `tests/${file}`),
      output: { entryFileNames: "[name].mjs" },
    },
  },
});
