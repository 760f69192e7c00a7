// Lints what is TypeScript or JavaScript here: the generated types and the AsyncAPI check.
import js from "@eslint/js";
import globals from "globals";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["**/node_modules/", ".venv/", ".tools/", ".run/"] },
  js.configs.recommended,
  ...typescript.configs.strict,
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
);
