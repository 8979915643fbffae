import { expect, test } from "vitest";
import { isDark } from "../src/base/theme";

test.each([
  ["rgb(255, 255, 255)", false],
  ["rgb(17, 17, 17)", true],
  ["rgb(31, 31, 31)", true],
  ["rgb(240, 240, 230)", false],
  ["color(srgb 0.1 0.1 0.1)", true],
  ["color(srgb 0.97 0.97 0.97)", false],
  ["rgba(0, 0, 0, 0)", false],
])("%s is dark: %s", (colour, dark) => expect(isDark(colour)).toBe(dark));
