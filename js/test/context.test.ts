import { describe, expect, test } from "vitest";
import { offered } from "../src/context/actions";
import { type ContextState, type Ghost, hang, Layout } from "../src/context/model";
import { cutPath } from "../src/context/takers";

/** A state of units written as "t100": a role and its tokens. */
function state(units: string, more: Partial<ContextState> = {}): ContextState {
  const given = units.split(" ").filter(Boolean);
  return {
    version: 1,
    database: "memory",
    branch: "main",
    head: "00".repeat(32),
    tokens: given.reduce((sum, unit) => sum + Number(unit.slice(1)), 0) + (more.unrecorded ?? 0),
    source: "tiktoken",
    max_tokens: null,
    unrecorded: 0,
    cached: 0,
    next: null,
    later: null,
    called: null,
    model: null,
    prices: "",
    commits: given.map((_, place) => `c${place}`),
    roles: given.map((unit) => unit[0]).join(""),
    sizes: given.map((unit) => Number(unit.slice(1))),
    names: ["← Read"],
    who: given.map(() => 0),
    marks: given.map(() => "1").join(""),
    edited: [],
    masked: [],
    ghosts: [],
    thoughts: [0, 0],
    ...more,
  };
}

const skipped = (before: number, tokens: number): Ghost => [
  before,
  "skipped",
  1,
  tokens,
  `g${before}`,
  "← Read",
];
const covered = (before: number, tokens: number, by = "s"): Ghost => [
  before,
  "covered",
  7,
  tokens,
  by,
  "summary",
];

describe("where units stand", () => {
  const layout = new Layout(state("u10 t100 a5", { unrecorded: 50, max_tokens: 1000 }));

  test("units follow what nobody recorded", () => {
    expect([0, 1, 2].map((place) => layout.at(place))).toEqual([50, 60, 160]);
    expect(layout.used).toBe(165);
    expect(layout.totals).toEqual({ u: [1, 10], t: [1, 100], a: [1, 5] });
  });

  test.each([
    [0, null],
    [49.9, null],
    [50, 0],
    [60, 1],
    [159.9, 1],
    [164.9, 2],
    [165, null],
  ])("at %d tokens stands unit %s", (tokens, place) => expect(layout.unitAt(tokens)).toBe(place));

  test("there is room beyond the budget, or beyond all that is sent", () => {
    expect(layout.end).toBeCloseTo(1080);
    expect(new Layout(state("u100")).end).toBeCloseTo(102);
    expect(new Layout(state("u500", { max_tokens: 100 })).end).toBeCloseTo(540);
  });

  test("cached is what lies within the prefix, whole", () => {
    const half = new Layout(state("u10 t100 a5", { cached: 110 }));
    expect([0, 1, 2].map((place) => half.cached(place))).toEqual([true, true, false]);
  });

  test("a strip of nothing has no unit", () => {
    const empty = new Layout(state(""));
    expect([empty.unitAt(0), empty.used, empty.spots.length]).toEqual([null, 0, 0]);
  });
});

describe("steps", () => {
  const layout = new Layout(
    state("u10 t100 u5", { unrecorded: 50, ghosts: [skipped(1, 20), covered(3, 90)] }),
  );

  test("go through what is unrecorded, units and what left, in order", () => {
    const said = layout.spots.map((spot) => ("place" in spot ? `${spot.kind} ${spot.place}` : spot.kind));
    expect(said).toEqual(["unrecorded", "unit 0", "ghost 0", "unit 1", "unit 2", "ghost 1"]);
  });

  test("stop at both ends", () => {
    const last = layout.spots.at(-1) ?? null;
    expect(layout.step(last, 1)).toBe(last);
    expect(layout.step({ kind: "unrecorded" }, -1)).toEqual({ kind: "unrecorded" });
  });

  test("may skip to another of a kind", () => {
    const user = (spot: { kind: string; place?: number }) =>
      spot.kind === "unit" && layout.role(spot.place ?? 0) === "u";
    expect(layout.step({ kind: "unit", place: 0 }, 1, user)).toEqual({ kind: "unit", place: 2 });
    expect(layout.step({ kind: "unit", place: 2 }, 1, user)).toEqual({ kind: "unit", place: 2 });
  });
});

describe("blocks", () => {
  test("large units stand alone, small ones together, divided by role", () => {
    const layout = new Layout(state("t100 u2 a3 t5 t100"));
    const blocks = layout.blocks(0, 1000, 50, 50);
    expect(blocks.map(({ first, last, parts }) => [first, last, parts])).toEqual([
      [0, 0, [["t", 100]]],
      [
        1,
        3,
        [
          ["u", 2],
          ["a", 3],
          ["t", 5],
        ],
      ],
      [4, 4, [["t", 100]]],
    ]);
  });

  test("a long run of small units is cut where it gets wide", () => {
    const layout = new Layout(state("t3 ".repeat(100)));
    const blocks = layout.blocks(0, 1000, 50, 30);
    expect(blocks.length).toBe(10);
    expect(blocks.every(({ from, to }) => to - from <= 30)).toBe(true);
  });

  test("only what is in view is made, and all tokens of it", () => {
    const layout = new Layout(state("t10 ".repeat(1000)));
    const blocks = layout.blocks(5000, 5100, 5, 5);
    expect([blocks[0]?.first, blocks.at(-1)?.last]).toEqual([500, 509]);
  });
});

describe("what left", () => {
  const draw = (layout: Layout) =>
    hang(
      layout,
      (tokens) => 10 + tokens / 10,
      0.1,
      [10, 410],
      (ghosts) => [`${ghosts.length}`, 30],
    );

  test("hangs where it stood, true to scale", () => {
    const [box] = draw(new Layout(state("u1000 t1000", { ghosts: [skipped(1, 500)] })));
    expect(box).toMatchObject({ at: 110, left: 110, width: 50, torn: null, label: "1" });
  });

  test("at one place is one box", () => {
    const boxes = draw(new Layout(state("u1000 t1000", { ghosts: [skipped(1, 200), skipped(1, 300)] })));
    expect(boxes).toHaveLength(1);
    expect(boxes[0]).toMatchObject({ first: 0, last: 1, width: 50, label: "2" });
  });

  test("thousands of them are a few boxes, and all are in one", () => {
    const ghosts = Array.from({ length: 4000 }, (_, place) => skipped(place, 5));
    const boxes = draw(new Layout(state("t1 ".repeat(4000), { ghosts })));
    expect(boxes.length).toBeLessThan(110);
    expect(boxes.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(4000);
  });

  test("what a summary covers hangs to its left, torn where it is longer than the room", () => {
    const layout = new Layout(state("x100 t1000", { unrecorded: 2000, ghosts: [covered(1, 90_000)] }));
    expect(draw(layout)[0]).toMatchObject({ at: 210, left: 78, width: 132, torn: "left" });
  });

  test("boxes never cover each other, and stay within the edges", () => {
    const ghosts = [covered(1, 5000), skipped(1, 400), skipped(2, 900), skipped(3, 9000)];
    const boxes = draw(new Layout(state("x100 t50 u50", { unrecorded: 1500, ghosts })));
    const sorted = [...boxes].sort((a, b) => a.left - b.left);
    expect(sorted).toHaveLength(4);
    for (const [at, box] of sorted.entries()) {
      const next = sorted[at + 1];
      expect(box.left).toBeGreaterThanOrEqual(10);
      if (next) expect(box.left + box.width).toBeLessThanOrEqual(next.left + 1);
    }
  });
});

describe("what is offered", () => {
  const layout = new Layout(
    state("u10 x10 u10 t90 t9 a1000", {
      marks: "132111",
      names: ["user", "← Read"],
      who: [0, 0, 0, 1, 1, 0],
      edited: [4],
      masked: [4],
      ghosts: [skipped(1, 5), covered(2, 50)],
    }),
  );
  test.each([
    ["a plain unit", { kind: "unit", place: 0 }, "skip pin important"],
    ["a pinned summary", { kind: "unit", place: 1 }, "skip restore important unmark"],
    ["an important unit", { kind: "unit", place: 2 }, "skip pin unmark"],
    ["a skipped unit", { kind: "ghost", place: 0 }, "unmark pin important"],
    ["what a summary covers", { kind: "ghost", place: 1 }, "restore"],
    ["what nobody recorded", { kind: "unrecorded" }, ""],
    ["an output", { kind: "unit", place: 3 }, "skip mask pin important"],
    ["a mask", { kind: "unit", place: 4 }, "skip restore pin important"],
    ["a long answer", { kind: "unit", place: 5 }, "skip mask pin important"],
  ] as const)("for %s", (_, spot, actions) => expect(offered(layout, [spot]).join(" ")).toBe(actions));
});

test("several units can be compressed", () => {
  const layout = new Layout(state("u10 t90"));
  const spots = [0, 1].map((place) => ({ kind: "unit", place }) as const);
  expect(offered(layout, spots)).toEqual(["skip", "mask", "structural", "pin", "important"]);
});

describe("a path that is too long", () => {
  test.each([
    ["src/app.py", 18, "src/app.py"],
    ["very/long/way/to/app.py", 18, "…/way/to/app.py"],
    ["a/very_long_name_of_a_file.py", 18, "very_long_name_of_a_file.py"],
    ["git show a/b/c/d and more words", 18, "git show a/b/c/d and more words"],
  ])("%s", (path, fits, cut) => expect(cutPath(path, fits)).toBe(cut));
});
