// The groups in order, with what stays between them.
import { counted, exact, moment } from "../base/format";
import { bold, type Children, h, span } from "../base/h";
import { icon } from "../base/icons_review";
import { branchChip, note, progress, stateIcon } from "../base/review";
import {
  aboutAll,
  type CompressState,
  change,
  type Item,
  isOpen,
  period,
  type Stay,
  standing,
  statusOf,
  stayWords,
} from "./state";

const BAR = 140; // pixels of the longest bar

/** What is compressed, and how far it is. */
export function drawHead(state: CompressState): Children[] {
  const { items, branch } = state;
  const approved = items.filter((item) => statusOf(item) === "settled").length;
  const done = items.every((item) => !isOpen(item));
  const isPending = state.state === "pending";
  return [
    h("h2", null, "Compress", branchChip(branch, "ours")),
    span("dim counts", aboutAll(state)),
    span("space"),
    items.length > 0 &&
      progress(
        isPending ? `${approved} of ${items.length} approved` : state.state,
        done || !isPending,
        items.map(statusOf),
      ),
  ];
}

/** The groups, one of them looked at, and what stays between them. */
export function drawRail(
  { items, between }: CompressState,
  chosen: number,
  texts: Readonly<Record<string, string>>,
  go: (at: number) => void,
): Children[] {
  const largest = Math.max(1, ...items.map((item) => item.before));
  return [
    ...(between[0] ?? []).map((stay) => drawStay(stay, texts)),
    ...items.flatMap((item, at) => [
      drawItem(item, at, at === chosen, largest, go),
      ...(between[at + 1] ?? []).map((stay) => drawStay(stay, texts)),
    ]),
  ];
}

function drawStay(stay: Stay, texts: Readonly<Record<string, string>>): HTMLElement {
  const words = stayWords(stay, texts);
  return h(
    "div",
    { class: `stay is-${stay.kind}`, role: "presentation", title: `${words}, ${exact(stay.tokens)} tokens` },
    stay.kind === "pinned" ? icon("pin") : span("no-icon"),
    span("", words),
  );
}

function drawItem(
  item: Item,
  at: number,
  isChosen: boolean,
  largest: number,
  go: (at: number) => void,
): HTMLElement {
  const status = statusOf(item);
  const [since, until] = [moment(item.since), moment(item.until)];
  const stays = status === "rejected" || item.before === item.after;
  const width = (tokens: number) => `width:${Math.max(2, (BAR * tokens) / largest)}px`;
  const isToBeSeen = isOpen(item) && (item.lost > 0 || Boolean(item.problem));
  return h(
    "div",
    {
      class: `group${item.writing === null ? "" : " is-busy"}`,
      role: "option",
      tabindex: isChosen ? 0 : -1,
      "aria-selected": isChosen,
      title: `Group ${at + 1}, ${since} to ${until}`,
      onclick: () => go(at),
    },
    span(`state ${status}`, stateIcon(status)),
    bold(item.since ? period(since, until) : `Group ${at + 1}`),
    span("units", counted(item.units, "unit")),
    span("whole", stays ? exact(item.before) : change(item.before, item.after), " tokens"),
    span(`whole standing${isToBeSeen ? " is-open" : ""}`, standing(item)),
    h(
      "span",
      { class: "whole size", "aria-hidden": true },
      h("i", { class: stays ? "fill" : "ghost", style: width(item.before) }),
      !stays && h("i", { class: "fill", style: width(item.after) }),
    ),
  );
}

/** What was left as it is, and why. */
export function drawNotes({ notes, trouble, target, after }: CompressState): Children[] {
  return [
    trouble && note("x", trouble),
    target !== null &&
      after > target &&
      note("warn", `${exact(after - target)} tokens more than the ${exact(target)} asked for`),
    ...notes.map((text) => note("warn", text)),
  ];
}
