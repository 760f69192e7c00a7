/** Who has signed in and what asks the services, for every part of the page. */

import { createContext, use } from "react";
import type { Api } from "./api";
import type { Config } from "./config";
import type { Session } from "./session";

export interface Page {
  readonly config: Config;
  readonly session: Session;
  readonly api: Api;
  readonly signOut: () => void;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = use(PageContext);
  if (!page) throw new Error("usePage: outside of the page");
  return page;
}
