/** Who listens to the client itself. A listener that throws harms no other; that is told as an `error`. */

import type { AutodmcaEvent } from "../../../events/generated/events";
import type { ConnectionState } from "./connection";

export interface ClientEvents {
  state: ConnectionState;
  /** Each event that some subscription took, once per subscription. */
  event: AutodmcaEvent;
  /** What went wrong without ending anything: refusals, and callbacks that threw. */
  error: unknown;
  /** A message that could not be read, in words without its content. */
  invalid: string;
  /** Milliseconds of a heartbeat to its answer. */
  latency: number;
}

type Listeners = { [name in keyof ClientEvents]: Set<(value: ClientEvents[name]) => void> };

export class Emitter {
  readonly #listeners: Listeners = {
    state: new Set(), event: new Set(), error: new Set(), invalid: new Set(), latency: new Set(),
  };

  /** Gives what ends it. */
  on<N extends keyof ClientEvents>(name: N, listener: (value: ClientEvents[N]) => void): () => void {
    const listeners = this.#listeners[name] as Set<(value: ClientEvents[N]) => void>;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  emit<N extends keyof ClientEvents>(name: N, value: ClientEvents[N]): void {
    for (const listener of this.#listeners[name]) {
      try {
        listener(value);
      } catch (error) {
        if (name !== "error") this.emit("error", error);
      }
    }
  }
}
