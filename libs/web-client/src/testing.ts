/** For tests of applications: an edge that follows a script. */

export { FakeEdge } from "./testing/fake-edge";
export type { FakeEdgeOptions, Handshake } from "./testing/fake-edge";
export { memorySocket, mockProviderValue } from "./testing/mock";
export type { Envelope } from "./testing/log";
