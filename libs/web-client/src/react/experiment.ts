/** In which variant of an experiment the user is, as a hook. */

import { useEffect } from "react";
import { useRealtimeClient } from "./context";
import { useConnectionState } from "./status";

/** The user's variant; undefined until it is known, or when there is no such experiment. Reports the exposure. */
export function useExperiment(name: string): string | undefined {
  const client = useRealtimeClient();
  useConnectionState(client); // experiments come with a connection
  const variant = client.experiments[name];
  useEffect(() => {
    if (variant !== undefined) client.exposed(name);
  }, [client, name, variant]);
  return variant;
}
