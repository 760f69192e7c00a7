/** The page's entry: what the server tells, who signs in, and then the views. */

import "@autodmca/realtime/components.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/pages.css";
import "./styles/views.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { loadConfig } from "./lib/config";
import { beginning } from "./lib/session";
import { Loading } from "./ui/states";

const root = createRoot(document.getElementById("root") as HTMLElement);

root.render(<Loading what="the console" />);
loadConfig().then(
  async (config) => {
    const begun = await beginning(config);
    root.render(
      <StrictMode>
        <App config={config} beginning={begun} />
      </StrictMode>,
    );
  },
  (error: unknown) =>
    root.render(
      <main className="state">
        <h1>The console cannot start</h1>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </main>,
    ),
);
