/** A picture that the page still has, with a part of it drawn around; or a way to show it again. */

import { useId } from "react";
import type { ReactElement, ReactNode } from "react";
import { useTask } from "../lib/hooks";
import { digestOf, keepPicture, usePicture } from "../lib/pictures";

/** `around`: the points of the part, from the picture's width and height. */
export function Compared({ title, digest, around, children }: {
  title: string;
  digest: string | undefined;
  around: ((width: number, height: number) => string) | undefined;
  children?: ReactNode;
}): ReactElement {
  const picture = usePicture(digest);
  return (
    <figure className="compared">
      <figcaption>
        <strong>{title}</strong>
        <span className="quiet small">{children}</span>
      </figcaption>
      {picture ? (
        <svg viewBox={`0 0 ${picture.width} ${picture.height}`} role="img" aria-label={around ? `${title}, with the matched part drawn around` : title}>
          <image href={picture.url} width={picture.width} height={picture.height} />
          {around && <polygon points={around(picture.width, picture.height)} />}
        </svg>
      ) : (
        <Absent title={title} digest={digest} />
      )}
    </figure>
  );
}

function Absent({ title, digest }: { title: string; digest: string | undefined }): ReactElement {
  const { fault, run } = useTask();
  const id = useId();
  const choose = (file: File | undefined): void =>
    void run(async () => {
      if (!file) return;
      if ((await digestOf(file)) !== digest) throw new Error("This is another file: its digest differs.");
      await keepPicture(digest, file);
    });
  return (
    <div className="state">
      <p>No service keeps pictures, and this page has not got this one{digest ? " any more" : ""}.</p>
      {digest && (
        <div>
          <label htmlFor={id}>Show the {title.toLowerCase()} from a file of yours</label>
          <input id={id} type="file" onChange={(event) => choose(event.target.files?.[0])} />
          {fault && (
            <p className="fault" role="alert">
              {fault}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
