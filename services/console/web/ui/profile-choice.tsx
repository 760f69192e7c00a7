/** The choice of one of the user's protected profiles. */

import { useEffect, useState } from "react";
import type { ReactElement, SelectHTMLAttributes } from "react";
import type { Profile } from "../lib/accounts";
import { usePage } from "../lib/context";

export interface Profiles {
  /** Undefined until they are read. */
  readonly profiles: readonly Profile[] | undefined;
  readonly error: unknown;
}

/** The user's profiles, as they are when the part of the page opens. */
export function useProfiles(): Profiles {
  const { api } = usePage();
  const [found, setFound] = useState<Profiles>({ profiles: undefined, error: undefined });
  useEffect(() => {
    const given = new AbortController();
    api.list<Profile>("accounts", "/v1/profiles", given.signal).then(
      ({ state }) => setFound({ profiles: state, error: undefined }),
      (error: unknown) => given.signal.aborted || setFound({ profiles: [], error }),
    );
    return () => given.abort();
  }, [api]);
  return found;
}

export function ProfileChoice({ profiles, ...props }: SelectHTMLAttributes<HTMLSelectElement> & { profiles: readonly Profile[] }): ReactElement {
  return (
    <select {...props}>
      {profiles.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
