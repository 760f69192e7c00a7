/** Components that show the connection; their looks are in `@autodmca/realtime/components.css`. */

export { ConnectionIndicator } from "./components/indicator";
export type { ConnectionIndicatorProps } from "./components/indicator";
export { ConnectionHealthMonitor } from "./components/monitor";
export type { ConnectionHealthMonitorProps } from "./components/monitor";
export { ConnectionNotice } from "./components/notice";
export type { ConnectionNoticeProps } from "./components/notice";
export { WebSocketStatus } from "./components/status";
export type { WebSocketStatusProps } from "./components/status";
export { ENGLISH } from "./components/words";
export type { Words } from "./components/words";
