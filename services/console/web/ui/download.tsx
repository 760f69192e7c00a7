/** A button that takes a file from a service; a link could not carry the token. */

import type { ReactElement } from "react";
import type { ServiceName } from "../lib/api";
import { usePage } from "../lib/context";
import { useTask } from "../lib/hooks";

export function Download({ label, service, path, name }: {
  label: string;
  service: ServiceName;
  path: string;
  name: string;
}): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const download = (): void =>
    void run(async () => {
      const url = URL.createObjectURL(await api.file(service, path));
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      URL.revokeObjectURL(url);
    });
  return (
    <>
      {fault && (
        <span className="fault" role="alert">
          {fault}
        </span>
      )}
      <button type="button" disabled={isBusy} onClick={download}>
        {label}
      </button>
    </>
  );
}
