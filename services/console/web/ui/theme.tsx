/** Light, dark, or as the system has it; kept for the next visit. */

import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";

const KEY = "autodmca-theme";
const CHOICES = ["system", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];
const WORDS: Readonly<Record<Choice, string>> = { system: "System theme", light: "Light", dark: "Dark" };

const stored = (): Choice => CHOICES.find((each) => each === localStorage.getItem(KEY)) ?? "system";
const listeners = new Set<() => void>();

function show(choice: Choice): void {
  if (choice === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
}

function choose(choice: Choice): void {
  localStorage.setItem(KEY, choice);
  show(choice);
  for (const each of listeners) each();
}

function listen(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

show(stored());

export function ThemeChoice(): ReactElement {
  const choice = useSyncExternalStore(listen, stored);
  return (
    <select
      className="theme"
      aria-label="Theme"
      value={choice}
      onChange={(event) => choose(event.target.value as Choice)}
    >
      {CHOICES.map((each) => (
        <option key={each} value={each}>
          {WORDS[each]}
        </option>
      ))}
    </select>
  );
}
