/** The page once it knows where everything is: sign-in, then the connection, the frame and the views. */

import { RealtimeClient } from "@autodmca/realtime";
import { WebSocketProvider } from "@autodmca/realtime/react";
import { Suspense, lazy, useEffect, useMemo, useState } from "react";
import type { ReactElement } from "react";
import { Redirect, Route, Router, Switch } from "wouter";
import { Api } from "./lib/api";
import { BASE, edgeUrl } from "./lib/config";
import type { Config } from "./lib/config";
import { PageContext } from "./lib/context";
import { forgetPictures } from "./lib/pictures";
import type { Beginning, Session } from "./lib/session";
import { Frame } from "./ui/frame";
import { Empty, Loading } from "./ui/states";
import { SignIn } from "./views/sign-in";
import { Overview } from "./views/overview";

const Activity = lazy(() => import("./views/activity"));
const DeadLetters = lazy(() => import("./views/dead-letters"));
const Delisting = lazy(() => import("./views/delisting"));
const DelistingRequest = lazy(() => import("./views/delisting-request"));
const Batch = lazy(() => import("./views/batch"));
const Detection = lazy(() => import("./views/detection"));
const Detections = lazy(() => import("./views/detections"));
const Health = lazy(() => import("./views/health"));
const Incident = lazy(() => import("./views/incident"));
const Model = lazy(() => import("./views/model"));
const Notifications = lazy(() => import("./views/notifications"));
const Preferences = lazy(() => import("./views/preferences"));
const Profile = lazy(() => import("./views/profile"));
const Profiles = lazy(() => import("./views/profiles"));
const Social = lazy(() => import("./views/social"));
const Submission = lazy(() => import("./views/submission"));
const Submissions = lazy(() => import("./views/submissions"));
const Template = lazy(() => import("./views/template"));
const Templates = lazy(() => import("./views/templates"));
const Webhook = lazy(() => import("./views/webhook"));

export function App({ config, beginning }: { config: Config; beginning: Beginning }): ReactElement {
  const [session, setSession] = useState(beginning.session);
  if (!session) return <SignIn config={config} fault={beginning.fault} onSignedIn={setSession} />;
  const signOut = (): void => {
    forgetPictures();
    setSession(undefined);
    void session.end();
  };
  return <SignedIn key={session.userId} config={config} session={session} signOut={signOut} />;
}

function SignedIn({ config, session, signOut }: {
  config: Config;
  session: Session;
  signOut: () => void;
}): ReactElement {
  const page = useMemo(
    () => ({ config, session, signOut, api: new Api(config, session) }),
    [config, session, signOut],
  );
  const [client] = useState(
    () =>
      new RealtimeClient({
        url: edgeUrl(config),
        getToken: () => session.token(),
        maxReconnectAttempts: Infinity,
      }),
  );
  useEffect(() => () => client.disconnect(), [client]);
  return (
    <PageContext value={page}>
      <WebSocketProvider client={client}>
        <Router base={BASE}>
          <Frame>
            <Suspense fallback={<Loading what="the view" />}>
              <Switch>
                <Route path="/" component={Overview} />
                <Route path="/activity" component={Activity} />
                <Route path="/templates" component={Templates} />
                <Route path="/templates/:id">{({ id }) => <Template key={id} id={id} />}</Route>
                <Route path="/delisting" component={Delisting} />
                <Route path="/delisting/:id">{({ id }) => <DelistingRequest key={id} id={id} />}</Route>
                <Route path="/social/incidents/:id">{({ id }) => <Incident key={id} id={id} />}</Route>
                <Route path="/social/:tab?">{({ tab }) => <Social tab={tab ?? "incidents"} />}</Route>
                <Route path="/profiles" component={Profiles} />
                <Route path="/profiles/:id">{({ id }) => <Profile key={id} id={id} />}</Route>
                <Route path="/submissions" component={Submissions} />
                <Route path="/submissions/:id">{({ id }) => <Submission key={id} id={id} />}</Route>
                <Route path="/detections/found/:id">{({ id }) => <Detection key={id} id={id} />}</Route>
                <Route path="/detections/batches/:id">{({ id }) => <Batch key={id} id={id} />}</Route>
                <Route path="/detections/models/:id">{({ id }) => <Model key={id} id={id} />}</Route>
                <Route path="/detections/:tab?">{({ tab }) => <Detections tab={tab ?? "found"} />}</Route>
                <Route path="/notifications" component={Notifications} />
                <Route path="/dead-letters" component={DeadLetters} />
                <Route path="/preferences/webhooks/:id">{({ id }) => <Webhook key={id} id={id} />}</Route>
                <Route path="/preferences/:tab?">{({ tab }) => <Preferences tab={tab ?? "notifications"} />}</Route>
                <Route path="/health" component={Health} />
                <Route path="/index.html">
                  <Redirect to="/" />
                </Route>
                <Route>
                  <Empty title="There is no such view">Choose one in the navigation.</Empty>
                </Route>
              </Switch>
            </Suspense>
          </Frame>
        </Router>
      </WebSocketProvider>
    </PageContext>
  );
}
