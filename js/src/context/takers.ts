// What takes the room, as Python says it, and the cells that show how much.
import { short } from "../base/format";
import { h, span } from "../base/h";

export interface Taker {
  commit: string;
  role: string;
  who: string;
  tokens: number;
  saved: number;
  used: number;
  names: number;
  preview: string;
}

export interface Group {
  name: string;
  shown: string;
  calls: number;
  tokens: number;
  saved: number;
  commits: string[];
}

export interface Takers {
  units: Taker[];
  tools: Group[];
  files: Group[];
  /** All that masking would shorten. */
  old: Group;
  keep_last: number;
}

/** What it takes, what of that stays (filled) and what masking would save (dashed), and that in figures. */
export function weights(
  { tokens, saved }: { tokens: number; saved: number },
  most: number,
  width: number,
  role: string,
  name = "",
): HTMLElement[] {
  const long = (part: number) => `width: ${Math.max(1.5, (width * part) / most)}px`;
  return [
    span("number", short(tokens)),
    span(
      "weight optional",
      saved > 0 && h("i", { class: "dashed", style: long(tokens) }),
      h("i", { class: "fill", "data-role": role, style: long(tokens - saved) }),
    ),
    span(`number ${name} ${saved ? "saved" : "dimmer"}`, saved ? short(-saved) : "0"),
  ];
}

/** A path keeps its end, which tells it from others; one longer than the room in itself keeps its beginning. */
export function cutPath(text: string, fits: number): string {
  if (text.length <= fits || !text.includes("/") || text.includes(" ")) return text;
  const parts = text.split("/");
  let end = parts.pop() ?? "";
  for (
    let part = parts.pop();
    part !== undefined && end.length + part.length + 3 <= fits;
    part = parts.pop()
  ) {
    end = `${part}/${end}`;
  }
  return end.length + 2 <= fits ? `…/${end}` : end;
}
