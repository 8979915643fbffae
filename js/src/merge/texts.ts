import { difference, drawDifference, goneFrom, sources } from "../base/difference";
import { exact } from "../base/format";
import { h } from "../base/h";
import { branchChip } from "../base/review";
import "../base/words";
import type { Detail, Item, MergeState, Side } from "./state";

const SHOWN = 20_000; // characters of a side that are drawn at once

/** The three texts side by side: what each side changed, and what either took from the base. */
export function drawSides(detail: Detail, state: MergeState): HTMLElement[] {
  const names: Record<Side, string> = { ours: state.branch, base: "", theirs: state.source };
  const one = (side: Side) => {
    const chip = side === "base" ? null : branchChip(names[side], side);
    const text = h("div", { class: "text", tabindex: 0, role: "group", "aria-label": side });
    text.append(...(side === "base" ? drawBase(detail) : drawChanges(detail.base, detail[side])));
    return h(
      "section",
      { class: `side column ${side}` },
      h(
        "header",
        null,
        h("b", null, side),
        chip,
        h("span", { class: "tokens" }, tokens(detail.tokens[side])),
      ),
      text,
    );
  };
  return [one("ours"), one("base"), one("theirs")];
}

function tokens(count: number): string {
  return count ? `${exact(count)} tokens` : "";
}

function drawChanges(base: string, text: string): (Node | string)[] {
  if (!base.trim()) return cut(text);
  return long(base, text) ? cut(text) : drawDifference(difference(base, text));
}

function drawBase(detail: Detail): (Node | string)[] {
  const { base, ours, theirs } = detail;
  if (!base.trim()) return [h("span", { class: "dimmer" }, "not there")];
  if (long(base, ours, theirs)) return cut(base);
  const done: (Node | string)[] = [];
  let at = 0;
  for (const [start, end] of goneFrom(base, [ours, theirs])) {
    done.push(base.slice(at, start), h("span", { class: "gone" }, base.slice(start, end)));
    at = end;
  }
  return [...done, base.slice(at)];
}

/** The result with a line under each run of words: from ours, from theirs, in neither. */
export function drawResult(detail: Detail, item: Item): (Node | string)[] {
  const { result, base, ours, theirs } = detail;
  if (result === null) {
    const how = item.takesText ? "Press 1, 2 or 3, or e to write it." : "Press 1 or 2.";
    return [h("span", { class: "dimmer" }, `Nothing chosen yet. ${how}`)];
  }
  if (long(result, base, ours, theirs)) return cut(result);
  return sources(result, base, { ours, theirs }).map(([from, text]) =>
    from ? h("span", { "data-from": from }, text) : text,
  );
}

function long(...texts: string[]): boolean {
  return texts.some((text) => text.length > SHOWN);
}

function cut(text: string): (Node | string)[] {
  if (text.length <= SHOWN) return [text];
  const rest = h("button", { class: "link" }, `show all ${exact(text.length)} characters`);
  const more = h("span", null, "… ", rest);
  rest.addEventListener("click", () => more.replaceWith(text.slice(SHOWN)));
  return [text.slice(0, SHOWN), more];
}
