import { describe, expect, it } from "vitest";
import { mean, perUnit, share } from "../lib/statistics";

describe("intervals", () => {
  it("of a share are Wilson's", () => {
    const found = share(10, 100);
    expect(found?.value).toBeCloseTo(0.1);
    expect(found?.low).toBeCloseTo(0.0552, 3); // as R's prop.test(10, 100, correct = FALSE)
    expect(found?.high).toBeCloseTo(0.1744, 3);
    expect(share(0, 20)).toMatchObject({ value: 0, low: 0 });
    expect(share(0, 20)?.high).toBeCloseTo(0.1611, 3);
    expect(share(0, 0)).toBeUndefined();
  });

  it("of a rate are nearly the exact ones", () => {
    const found = perUnit(10, 2);
    expect(found?.value).toBe(5);
    expect(found?.low).toBeCloseTo(4.795 / 2, 1); // as R's poisson.test(10)
    expect(found?.high).toBeCloseTo(18.39 / 2, 1);
    expect(perUnit(0, 1)?.low).toBe(0);
    expect(perUnit(0, 1)?.high).toBeCloseTo(3.69, 0);
    expect(perUnit(3, 0)).toBeUndefined();
  });

  it("of a mean shrink as more is counted", () => {
    const of = (times: number): ReturnType<typeof mean> =>
      mean([[0.1, 10 * times], [0.2, 20 * times], [Infinity, 20 * times]], 3 * times);
    expect(of(1)?.value).toBeCloseTo(0.15);
    const [few, many] = [of(1), of(100)];
    expect((few?.high ?? 0) - (few?.low ?? 0)).toBeCloseTo(10 * ((many?.high ?? 0) - (many?.low ?? 0)));
    expect(mean([[Infinity, 0]], 0)).toBeUndefined();
  });
});
