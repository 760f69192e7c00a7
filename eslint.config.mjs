// Lints what is TypeScript or JavaScript here: the generated types, the AsyncAPI check, the web package.
import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["**/node_modules/", ".venv/", ".tools/", ".run/", "**/dist/", "services/console/src/"] },
  js.configs.recommended,
  ...typescript.configs.strict,
  { files: ["**/*.tsx", "libs/web-client/src/react/**"], ...reactHooks.configs.flat.recommended },
  // A field that is left out of the rest is named for that.
  { rules: { "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }] } },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
);
