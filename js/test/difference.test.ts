import { describe, expect, test } from "vitest";
import { difference, goneFrom, sources, words } from "../src/base/difference";

const joined = (found: readonly (readonly [string, string])[], kinds: string[]) =>
  found
    .filter(([kind]) => kinds.includes(kind))
    .map(([, text]) => text)
    .join("");

describe("a difference", () => {
  const cases = [
    ["Always use repo root (not os.Getwd()).", "Always use paths.RepoRoot() (never os.Getwd())."],
    ["", "all new"],
    ["all gone", ""],
    ["same", "same"],
    ["a b c d", "a x y d"],
    ["line\n\ttab", "line\n  tab two"],
    ["naïve café", "naive café"],
  ] as const;

  test.each(cases)("of %j and %j holds both", (before, after) => {
    const found = difference(before, after);
    expect(joined(found, ["same", "out"])).toBe(before);
    expect(joined(found, ["same", "in"])).toBe(after);
  });

  test("says what was taken out before what was put in, as one change", () => {
    expect(difference("when Claude runs", "when an agent runs")).toEqual([
      ["same", "when "],
      ["out", "Claude"],
      ["in", "an agent"],
      ["same", " runs"],
    ]);
  });

  test("of two long texts with nothing in common is one change, soon", () => {
    const one = Array.from({ length: 9000 }, (_, at) => `a${at}`).join(" ");
    const two = Array.from({ length: 9000 }, (_, at) => `b${at}`).join("\n");
    expect(difference(one, two)).toEqual([
      ["out", one],
      ["in", two],
    ]);
  });
});

test("what is gone from a text, by its characters", () => {
  const text = "use repo root here";
  const found = goneFrom(text, ["use the root here", "use repo root there"]);
  expect(found.map(([start, end]) => text.slice(start, end))).toEqual(["repo", "here"]);
});

test("where the words of a merged text come from", () => {
  const found = sources("use the root in tests always", "use root", {
    ours: "use the root",
    theirs: "use root in tests",
  });
  expect(found).toEqual([
    ["", "use "],
    ["ours", "the"],
    ["", " root "],
    ["theirs", "in tests"],
    ["", " "],
    ["new", "always"],
  ]);
});

test("words are words, blanks and signs", () => {
  expect(words("os.Getwd() (not x)\n")).toEqual(["os.Getwd()", " ", "(", "not", " ", "x", ")", "\n"]);
});
