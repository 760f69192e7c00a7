/** React bindings of `@autodmca/realtime`. */

export { WebSocketContext, useRealtimeClient } from "./react/context";
export type { WebSocketContextValue } from "./react/context";
export type {
  Activity, DelistingUpdate, FamilyViews, Notification, SubmissionUpdate, TemplateUpdate,
} from "./react/families";
export {
  useAIContentRealtime, useDashboardRealtime, useDelistingRealtime, useNotificationsRealtime, useProfileRealtime,
  useSocialMediaRealtime, useSubmissionRealtime,
} from "./react/hooks";
export type { DelistingRealtime, SubmissionRealtime } from "./react/hooks";
export { useExperiment } from "./react/experiment";
export { useSnapshot } from "./react/joined";
export type { SnapshotOptions, SnapshotResult } from "./react/joined";
export { WebSocketProvider } from "./react/provider";
export type { WebSocketProviderProps } from "./react/provider";
export { useConnectionStatus } from "./react/status";
export type { ConnectionStatus } from "./react/status";
export { useTemplateRealtime } from "./react/templates";
export type {
  LegacyTemplateOptions, LegacyTemplateRealtime, TemplateEvent, TemplateRealtime,
} from "./react/templates";
export { useWebSocket } from "./react/web-socket";
export type { LegacyWebSocketApi, LegacyWebSocketOptions, WebSocketApi } from "./react/web-socket";
