import { describe, expect, it } from "vitest";
import {
  aboutAll,
  type Item,
  isOpen,
  period,
  price,
  type Stay,
  standing,
  statusOf,
  stayWords,
} from "../src/compress/state";

const item = (more: Partial<Item> = {}): Item => ({
  key: "0",
  units: 2,
  since: 0,
  until: 0,
  before: 100,
  after: 10,
  lost: 3,
  later: 1,
  added: 0,
  state: "proposed",
  strategy: "summarize",
  by: "",
  problem: "",
  changed: 0,
  taken: 0,
  draft: "d",
  writing: null,
  failed: "",
  ...more,
});
const stay = (kind: Stay["kind"], units = 1, covers = 0): Stay => ({
  kind,
  units,
  tokens: 9,
  covers,
  commit: "abc",
});

describe("a group", () => {
  it("says how it stands", () => {
    expect(standing(item())).toBe("3 names lost");
    expect(standing(item({ lost: 0 }))).toBe("no name lost");
    expect(standing(item({ state: "approved", lost: 1 }))).toBe("approved, 1 name lost");
    expect(standing(item({ state: "rejected" }))).toBe("rejected, stays");
    expect(standing(item({ state: "open", problem: "it lacks" }))).toBe("needs a draft");
    expect(standing(item({ writing: "" }))).toBe("being written");
  });

  it("is open until somebody decided", () => {
    const states = ["open", "proposed", "approved", "rejected", "applied"] as const;
    expect(states.map((state) => isOpen(item({ state })))).toEqual([true, true, false, false, false]);
    expect(states.map((state) => statusOf(item({ state })))).toEqual([
      "open",
      "proposed",
      "settled",
      "rejected",
      "settled",
    ]);
  });
});

describe("what stays", () => {
  it("is said by its kind and number", () => {
    expect(stayWords(stay("summary", 1, 276), {})).toBe("summary of 276 commits");
    expect(stayWords(stay("summary", 2, 300), {})).toBe("2 summaries");
    expect(stayWords(stay("pinned"), { abc: "user: keep it" })).toBe("user: keep it");
    expect(stayWords(stay("pinned"), {})).toBe("pinned");
    expect(stayWords(stay("pinned", 3), {})).toBe("3 pinned units stay");
    expect(stayWords(stay("units"), {})).toBe("1 unit stays");
    expect(stayWords(stay("last", 10), {})).toBe("the last 10 units stay");
    expect(stayWords(stay("last"), {})).toBe("the last unit stays");
  });

  it("is counted in the header", () => {
    const between = [[stay("summary"), stay("pinned")], [stay("pinned", 3)], [stay("last", 10)]];
    expect(aboutAll({ items: [item(), item()], between })).toBe(
      "2 groups, 4 pins between, the last 10 units stay",
    );
    expect(aboutAll({ items: [item()], between: [] })).toBe("1 group");
    expect(aboutAll({ items: [], between: [] })).toBe("nothing left");
  });
});

describe("figures", () => {
  it("say so where a price is less than is shown", () => {
    expect(price(0.0001)).toBe("under $0.001");
    expect(price(0)).toBe("$0.000");
    expect(price(0.071)).toBe("$0.071");
  });

  it("say times of one day, and days of several", () => {
    expect(period("2026-03-12 15:49:01", "2026-03-12 15:55:59")).toBe("15:49 to 15:55");
    expect(period("2026-03-12 15:49:01", "2026-03-12 15:49:59")).toBe("15:49");
    expect(period("2026-03-12 15:49:01", "2026-03-14 09:00:00")).toBe("03-12 to 03-14");
  });
});
