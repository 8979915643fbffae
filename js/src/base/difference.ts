// Word differences: what was taken out, what was put in, and where a text's words come from.
import { diffArrays } from "diff";
import { h } from "./h";

export type Kind = "same" | "out" | "in";
export type Part = readonly [Kind, string];

const MOST = 1000; // edits; beyond them two texts have so little in common that parts say nothing

/** Words, and what is between them; a call's empty parentheses belong to its name. */
export function words(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}_./-]+(?:\(\))?|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** The difference of two texts, word by word. */
export function difference(before: string, after: string): Part[] {
  const changes = diffArrays(words(before), words(after), { maxEditLength: MOST });
  if (!changes)
    return parts([
      ["out", before],
      ["in", after],
    ]);
  return parts(
    changes.map(
      ({ added, removed, value }) => [added ? "in" : removed ? "out" : "same", value.join("")] as const,
    ),
  );
}

/** Changes as they are read: what was taken out before what was put in, lone blanks between joined. */
function parts(raw: readonly Part[]): Part[] {
  const done: Part[] = [];
  let out = "";
  let put = "";
  const same = (text: string) => {
    const last = done.at(-1);
    if (last?.[0] === "same") done[done.length - 1] = ["same", last[1] + text];
    else if (text) done.push(["same", text]);
  };
  const flush = () => {
    const blank = out && put ? (out.match(/\s+$/)?.[0] ?? "") : "";
    const shared = put.endsWith(blank) ? blank : "";
    if (out) done.push(["out", out.slice(0, out.length - shared.length)]);
    if (put) done.push(["in", put.slice(0, put.length - shared.length)]);
    same(shared);
    out = put = "";
  };
  raw.forEach(([kind, text], at) => {
    const isLoneBlank = kind === "same" && !text.trim() && (out || put) && raw[at + 1] !== undefined;
    if (kind === "out" || isLoneBlank) out += text;
    if (kind === "in" || isLoneBlank) put += text;
    if (kind === "same" && !isLoneBlank) {
      flush();
      same(text);
    }
  });
  flush();
  return done;
}

/** Draw a difference: struck out and put in, blanks at the edges of a change left plain. */
export function drawDifference(found: readonly Part[]): (Node | string)[] {
  return found.flatMap(([kind, text]) => {
    if (kind === "same" || !text.trim()) return kind === "out" ? [] : [text];
    const [, before = "", inner = "", after = ""] = text.match(/^(\s*)([\s\S]*?)(\s*)$/) ?? [];
    return [before, h(kind === "in" ? "ins" : "del", null, inner), after];
  });
}

/** What of a text is not in any of the others: [from, to) in characters. */
export function goneFrom(text: string, others: readonly string[]): [number, number][] {
  const gone = new Uint8Array(text.length);
  for (const other of others) {
    let at = 0;
    for (const [kind, part] of difference(text, other)) {
      if (kind === "out") gone.fill(1, at, at + part.length);
      if (kind !== "in") at += part.length;
    }
  }
  return runs(gone).flatMap(([start, end, marked]) => (marked ? [[start, end] as [number, number]] : []));
}

/** Each run of a text with the first source that has its words there: "" is the base, "new" is none. */
export function sources(
  text: string,
  base: string,
  named: Readonly<Record<string, string>>,
): [string, string][] {
  const tokens = words(text);
  const inBase = kept(base, text);
  const by = Object.entries(named).map(([name, source]) => [name, kept(source, text)] as const);
  const origin = tokens.map((token, at) => {
    if (inBase[at] || !token.trim()) return "";
    return by.find(([, has]) => has[at])?.[0] ?? "new";
  });
  // a blank, or one word of the base, between two runs of the same source belongs to them
  for (const span of [1, 3]) {
    for (let at = 1; at + span < tokens.length; at += 1) {
      const before = origin[at - 1];
      if (before && !origin[at] && origin[at + span] === before) origin.fill(before, at, at + span);
    }
  }
  const done: [string, string][] = [];
  tokens.forEach((token, at) => {
    const last = done.at(-1);
    if (last && last[0] === origin[at]) last[1] += token;
    else done.push([origin[at] ?? "", token]);
  });
  return done;
}

/** For each word of a text, whether a source has it in the same place of the order. */
function kept(source: string, text: string): boolean[] {
  const changes = diffArrays(words(source), words(text), { maxEditLength: MOST });
  if (!changes) return words(text).map(() => false);
  return changes.flatMap(({ added, removed, value }) => (removed ? [] : value.map(() => !added)));
}

function runs(marks: Uint8Array): [number, number, boolean][] {
  const done: [number, number, boolean][] = [];
  for (let start = 0; start < marks.length; ) {
    let end = start;
    while (end < marks.length && marks[end] === marks[start]) end += 1;
    done.push([start, end, marks[start] === 1]);
    start = end;
  }
  return done;
}
