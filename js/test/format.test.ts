import { describe, expect, test } from "vitest";
import { counted, exact, moment, money, percent, round, short } from "../src/base/format";

describe("figures", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [1000, "1.0k"],
    [15_189, "15.2k"],
    [141_100, "141.1k"],
    [999_949, "999.9k"],
    [999_950, "1.0M"],
    [1_234_567, "1.2M"],
    [-15_222, "−15.2k"],
    [-6, "−6"],
  ])("%d is short %s", (count, text) => expect(short(count)).toBe(text));

  test("a round thousand needs no decimal", () => {
    expect(round(160_000)).toBe("160k");
    expect(round(160_500)).toBe("160.5k");
    expect(round(2_000_000)).toBe("2M");
  });

  test("an exact one has separators, and a minus sign", () => {
    expect(exact(15_189)).toBe("15,189");
    expect(exact(-1500)).toBe("−1,500");
  });

  test.each([
    [0, "$0.000"],
    [0.0712, "$0.071"],
    [0.0994, "$0.099"],
    [0.0996, "$0.10"],
    [0.6, "$0.60"],
    [12.345, "$12.35"],
    [-0.05, "−$0.050"],
  ])("%d is %s", (dollars, text) => expect(money(dollars)).toBe(text));

  test("a share, a count", () => {
    expect(percent(0.108)).toBe("10.8 %");
    expect(counted(1, "commit")).toBe("1 commit");
    expect(counted(1234, "commit")).toBe("1,234 commits");
  });

  test("a moment is said in local time", () => {
    const then = new Date(2026, 2, 12, 16, 4, 5);
    expect(moment(then.getTime() * 1000)).toBe("2026-03-12 16:04:05");
  });
});
