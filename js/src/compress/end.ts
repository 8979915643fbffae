// What it all comes to: sizes, prices, the Python line, and deciding.
import { exact, short } from "../base/format";
import { code } from "../base/ground";
import { bold, type Children, h } from "../base/h";
import { button, kbd } from "../base/parts";
import { type CompressState, type Item, isOpen, price } from "./state";

export interface Decisions {
  approve(): void;
  approveAll(): void;
  reject(): void;
  rejectAll(): void;
  reopen(): void;
}

/** The figures of the whole, before and after. */
export function drawFigures({ costs, before, after, state }: CompressState): Children[] {
  const now = costs?.before;
  const then = costs?.after;
  const from = now?.tokens ?? before;
  const to = then?.tokens ?? after;
  const isDone = state === "rejected" || from === to;
  const stays = now?.cached ? `${short(then?.cached ?? 0)} of it stays cached` : "nothing of it is cached";
  return [
    h(
      "span",
      { title: `${exact(from)} → ${exact(to)} tokens` },
      isDone ? bold(short(from)) : [`${short(from)} → `, bold(short(to))],
      " tokens",
      h("br"),
      stays,
    ),
    h(
      "span",
      { title: costs?.prices || "Of the input, by the last call recorded" },
      ...prices(costs, isDone),
    ),
  ].flat(2) as Children[];
}

function prices(costs: CompressState["costs"], isDone: boolean): Children[] {
  if (!costs) return [];
  const { before, after, drafts, prices: missing } = costs;
  const spent = drafts === null ? "drafts: price not known" : drafts ? `drafts ${price(drafts)}` : "";
  if (missing || before.next === null || after.next === null)
    return ["next call: price not known", h("br"), spent];
  const then = after.later === null ? "" : `then ${price(isDone ? (before.later ?? 0) : after.later)}`;
  return [
    "next call ",
    ...(isDone ? [bold(price(before.next))] : [`${price(before.next)} → `, bold(price(after.next))]),
    h("br"),
    [then, spent].filter(Boolean).join(", "),
  ];
}

/** The buttons that decide; each says its Python line where it is pointed at. */
export function drawDecisions(
  state: CompressState,
  item: Item | undefined,
  at: number,
  deeds: Decisions,
): Children[] {
  const { items } = state;
  const waits = items.find((one) => one.writing !== null);
  const lacks = items.findIndex((one) => isOpen(one) && one.problem);
  const whyNot = waits ? "A draft is being written" : lacks >= 0 ? `Group ${lacks + 1} needs a draft` : "";
  const rejectAll = button(
    { class: "needs-kernel", "data-code": "reject-all" },
    deeds.rejectAll,
    "Reject all",
  );
  if (!item) return [rejectAll];
  const group = `group ${at + 1}`;
  const isLast = items.every((one) => one === item || !isOpen(one));
  const own = isOpen(item)
    ? [
        button(
          { class: "needs-kernel", "data-code": "reject", disabled: item.writing !== null },
          deeds.reject,
          "Reject group",
        ),
      ]
    : [button({ class: "needs-kernel", "data-code": "reopen" }, deeds.reopen, `Reopen ${group}`, kbd("u"))];
  const cannot = item.problem || (item.writing === null ? "" : "It is being written");
  return [
    rejectAll,
    ...own,
    items.length > 1 &&
      button(
        { class: "needs-kernel", "data-code": "approve-all", disabled: Boolean(whyNot), title: whyNot },
        deeds.approveAll,
        "Approve all",
      ),
    isOpen(item) &&
      button(
        {
          class: "primary needs-kernel",
          "data-code": "approve",
          disabled: Boolean(cannot),
          title: cannot || (isLast ? "The last one: it is done then" : ""),
        },
        deeds.approve,
        items.length > 1 ? `Approve ${group}` : "Approve",
        kbd("shift+Enter"),
      ),
  ];
}

export function drawCode(line: string): HTMLElement {
  return code(line);
}

export function settledWords(state: CompressState): string {
  return state.state === "applied" ? "Done: t.undo() takes it back." : "Rejected: nothing was changed.";
}

export function nothing(state: CompressState): HTMLElement {
  return h(
    "p",
    "nothing",
    state.state === "pending"
      ? "Nothing is left to compress: all of it is pinned, or covered otherwise."
      : "Nothing to compress: all but the last units are pinned or covered already.",
  );
}
