// The page's build, into the Python package that serves it; and its tests.
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "web",
  base: "/console/",
  esbuild: { jsx: "automatic" },
  build: {
    target: "es2022",
    outDir: "../src/autodmca_console/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy lets nothing in line run
    modulePreload: { polyfill: false },
    manifest: true,
    rollupOptions: {
      // `use client` is for servers; here is none.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
  test: {
    include: ["**/*.test.{ts,tsx}"],
    environment: "jsdom",
    restoreMocks: true,
  },
});
