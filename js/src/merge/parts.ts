// The parts of a review: what it is of, its conflicts, and what comes in besides.
import { counted, exact } from "../base/format";
import { bold, type Children, h, span } from "../base/h";
import { branchChip, note, progress, stateIcon } from "../base/review";
import type { Item, MergeState } from "./state";

/** What comes into what, how much, and how many conflicts are open. */
export function drawHead(state: MergeState, open: number): Children[] {
  const { verb, source, branch, coming, warnings, items } = state;
  const isRebase = verb === "rebase";
  const [first, second] = isRebase ? [branch, source] : [source, branch];
  const isPending = state.state === "pending";
  const done = open ? `${open} of ${items.length} unresolved` : `all ${items.length} settled`;
  return [
    h(
      "h2",
      null,
      verb[0]?.toUpperCase() + verb.slice(1),
      branchChip(first, isRebase ? "ours" : "theirs"),
      span("joint", isRebase ? "onto" : "into"),
      branchChip(second, isRebase ? "theirs" : "ours"),
    ),
    span(
      "dim counts",
      [
        coming ? `${counted(coming, "commit")} ${coming === 1 ? "comes" : "come"} in` : "",
        counted(items.length, "conflict"),
        warnings.length ? counted(warnings.length, "warning") : "",
      ]
        .filter(Boolean)
        .join(", "),
    ),
    span("space"),
    progress(
      isPending ? done : state.state,
      !open || !isPending,
      items.map((item) => item.status),
    ),
  ];
}

/** The conflicts, one of them looked at. */
export function drawItems(items: readonly Item[], chosen: number, go: (at: number) => void): HTMLElement[] {
  return items.map((item, at) =>
    h(
      "div",
      {
        class: "conflict",
        role: "option",
        tabindex: at === chosen ? 0 : -1,
        "aria-selected": at === chosen,
        onclick: () => go(at),
      },
      span(`state ${item.status}`, stateIcon(item.status)),
      bold(item.title),
      span("choice", item.status === "open" ? "open" : item.choice),
      h("span", { class: "line", title: item.line }, item.who ? `${item.who}  ${item.line}` : item.line),
    ),
  );
}

/** What comes in without a question, what was settled by itself, and what to look at. */
export function drawAbout({ incoming, coming, source, warnings, notes, state }: MergeState): Children[] {
  const more = coming - incoming.length;
  return [
    incoming.length > 0 &&
      state === "pending" &&
      h(
        "div",
        "incoming",
        h("h3", null, `Comes in from ${source}`),
        incoming.map(({ who, line }) => h("p", { title: line }, h("i"), span("who", who), line)),
        more > 0 && h("p", null, `and ${exact(more)} more`),
      ),
    [...notes, ...warnings].map((text, at) => note(at < notes.length ? "check" : "warn", text)),
  ];
}
