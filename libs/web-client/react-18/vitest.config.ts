/** The tests that draw, on React 18: everything that comes from React or draws is taken from this folder. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const HERE = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root: `${HERE}..`,
  resolve: {
    alias: [{ find: /^(react|react-dom|@testing-library\/(?:react|dom))(\/.*)?$/, replacement: `${HERE}node_modules/$1$2` }],
  },
  test: { include: ["tests/**/*.test.tsx"], testTimeout: 20_000, env: { REACT: "18" } },
});
