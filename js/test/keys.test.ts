import { describe, expect, test } from "vitest";
import { cap, pressed } from "../src/base/keys";

const event = (key: string, held: Partial<KeyboardEvent> = {}) => ({ key, ...held }) as KeyboardEvent;

describe("the name of a pressed key", () => {
  test.each([
    ["a letter", event("p"), "p"],
    ["a letter with caps lock", event("P"), "p"],
    ["shift and a letter", event("Z", { shiftKey: true }), "shift+z"],
    ["shift and a named key", event("ArrowUp", { shiftKey: true }), "shift+ArrowUp"],
    ["a sign that needs shift", event("?", { shiftKey: true }), "?"],
    ["a sign", event("/"), "/"],
    ["a key of the page", event("c", { ctrlKey: true }), null],
    ["another", event("c", { metaKey: true }), null],
    ["composing", event("a", { isComposing: true }), null],
  ])("%s", (_, given, name) => expect(pressed(given)).toBe(name));
});

test("what stands on the caps", () => {
  expect(cap("shift+z")).toBe("⇧z");
  expect(cap("ArrowDown")).toBe("↓");
  expect(cap("Enter")).toBe("↵");
  expect(cap("?")).toBe("?");
});
