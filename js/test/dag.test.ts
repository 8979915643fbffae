import { describe, expect, it } from "vitest";
import { withWord, wordFor, wordsOf } from "../src/dag/header";
import { colourOf, columnAt, pathOf, ROW } from "../src/dag/lanes";
import type { Detail } from "../src/dag/model";
import { placeOf, rowOf } from "../src/dag/overview";
import { asArguments } from "../src/dag/unit";

describe("the filter as words", () => {
  it("sets a word in place of another and keeps what was typed", () => {
    expect(withWord("pinecone role:user >2k", "role", "tool")).toBe("pinecone >2k role:tool");
    expect(withWord("role:user", "role", "")).toBe("");
    expect(withWord("", "branch", "a b")).toBe('branch:"a b"');
  });

  it("reads a word back, quotes and all", () => {
    expect(wordFor('is:pinned branch:"a b"', "branch")).toBe("a b");
    expect(wordFor("roles:x", "role")).toBe("");
    expect(wordsOf('"two words" one')).toEqual(['"two words"', "one"]);
  });
});

describe("rows and their places among all commits", () => {
  // 10 commits, of which 2 to 7 are folded: rows 0, 1 are places 9, 8; rows 2, 3 are places 1, 0
  const anchors = [
    [0, 9],
    [1, 8],
    [2, 1],
    [3, 0],
  ] as const;

  it("finds the place of a row", () => {
    expect([0, 1, 2, 3].map((row) => placeOf(anchors, row))).toEqual([9, 8, 1, 0]);
  });

  it("finds the row nearest to a place, also inside of a fold", () => {
    expect([9, 8, 1, 0].map((place) => rowOf(anchors, place))).toEqual([0, 1, 2, 3]);
    expect([1, 2]).toContain(rowOf(anchors, 4));
  });

  it("goes between anchors that are far apart, and stays inside", () => {
    const long = [
      [0, 999],
      [999, 0],
    ] as const;
    expect(placeOf(long, 250)).toBe(749);
    expect(rowOf(long, 749)).toBe(250);
    expect(rowOf(long, -50)).toBeLessThanOrEqual(999 + 50);
    expect(rowOf(long, 2000)).toBe(0);
  });

  it("knows a single row and none", () => {
    expect(placeOf([[0, 0]], 0)).toBe(0);
    expect(rowOf([[0, 0]], 7)).toBe(0);
    expect(placeOf([], 3)).toBe(0);
  });
});

describe("lanes", () => {
  it("are straight in their own column and bend in the row of the node that joins", () => {
    const [here, right] = [columnAt(0), columnAt(1)];
    expect(pathOf("|", right, here)).toBe(`M${right} 0V${ROW}`);
    expect(pathOf("^", here, here)).toBe(`M${here} 0V11`);
    expect(pathOf("^", right, here)).toBe("M26 0V6Q26 11 21 11H13");
    expect(pathOf("v", right, here)).toBe("M13 11H21Q26 11 26 16V22");
    expect(pathOf("v", here, right)).toBe("M26 11H18Q13 11 13 16V22");
  });

  it("have the colour of their branch: ink for HEAD's, the fourth for agents", () => {
    expect([0, 1, 2, 3, 4, -1].map(colourOf)).toEqual([0, 1, 2, 3, 1, 4]);
  });
});

describe("the text of a call", () => {
  const call = (text: string) => asArguments({ direction: "→", text, characters: text.length } as Detail);

  it("is its arguments, one after the other", () => {
    expect(call('{"command":"ls\\n-l","limit":3}')).toBe("command: ls\n-l\nlimit: 3");
  });

  it("is left as it is where it is no object, or only a part is here", () => {
    expect(call("no json {")).toBe("no json {");
    expect(call("[1]")).toBe("[1]");
    expect(asArguments({ direction: "→", text: "{", characters: 9 } as Detail)).toBe("{");
    expect(asArguments({ direction: "", text: '{"a":1}', characters: 7 } as Detail)).toBe('{"a":1}');
  });
});
