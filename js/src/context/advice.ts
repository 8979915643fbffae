// What compressing would save and cost, and which outputs nobody needs any more; drawn where the largest stand.
import { counted, exact, money, short } from "../base/format";
import { bold, h, span } from "../base/h";
import { button } from "../base/parts";
import type { Action } from "./actions";
import type { Taker } from "./takers";

export interface Way {
  strategy: "mask" | "structural" | "summarize";
  units: number;
  tokens: number;
  saved: number;
  next: number | null;
  later: number | null;
  making: number | null;
  calls: number | null;
  estimate: boolean;
}

/** An output of a tool that was superseded, or that nothing refers to. */
export interface Output {
  commit: string;
  how: string | null;
  by: string | null;
  name: string;
  behind: number;
  tokens: number;
  saved: number;
  preview: string;
}

export interface Advice {
  /** What it is of. */
  head: string;
  ways: Way[];
  /** Of each reason all outputs by their commits, and the first of them. */
  reasons: { reason: string; commits: string[]; rows: Output[] }[];
  /** What is not known, or that there is nothing to do, in words. */
  notes: string[];
}

export interface Adviser {
  /** Show what an action on some units would change, or on all that it takes by itself; null where none is pointed at. */
  point(action: Action | null, commits?: readonly string[]): void;
  /** Do it, to what stands at the head that the advice is of. */
  run(action: Action, commits: readonly string[], head: string): void;
  hover(commit: string | null): void;
  go(commit: string): void;
}

/** The advice as rows; an output is drawn as the largest units are. */
export function drawAdvice(
  { head, ways, reasons, notes }: Advice,
  adviser: Adviser,
  unit: (unit: Taker, most: number, about: HTMLElement, fits: number) => HTMLElement,
): HTMLElement[] {
  const pointed = (action: Action, commits: readonly string[]) => {
    const show = () => adviser.point(action, commits);
    const leave = () => adviser.point(null);
    return { onpointerenter: show, onpointerleave: leave, onfocus: show, onblur: leave };
  };
  const way = (one: Way) => {
    const { strategy, units, estimate } = one;
    const cells = [
      span(
        "text",
        bold(strategy),
        units ? strategy === "structural" && "…" : span("dim", ", nothing"),
        estimate && units > 0 && span("few", ", estimate"),
      ),
      ...(units ? figures(one) : []),
    ];
    if (!units || strategy === "summarize") return h("div", "row way", cells);
    const run = () => adviser.run(strategy, [], head);
    return h(
      "button",
      { class: "row way", "data-way": strategy, onclick: run, ...pointed(strategy, []) },
      cells,
    );
  };
  return [
    ...ways.map(way),
    ...reasons.flatMap(({ reason, commits, rows }) => {
      const words = `Mask ${counted(commits.length, `${reason} output`)}`;
      const run = () => adviser.run("mask", commits, head);
      const most = Math.max(...rows.map(({ tokens }) => tokens));
      return [
        h(
          "div",
          "heads",
          h(
            "span",
            "reason",
            bold(reason),
            button({ class: "needs-kernel", "data-way": reason, ...pointed("mask", commits) }, run, words),
          ),
          span("number", "tokens"),
          span("optional"),
          span("number optional", "if masked"),
        ),
        ...rows.map((row) => {
          const { name, how, by, behind } = row;
          const taker = { ...row, who: `← ${name}`, role: "tool", used: 0, names: 0 };
          const why = h(
            "span",
            "about dim",
            `${how ?? `in ${counted(behind, "unit")}`} `,
            by && later(by, row.commit, adviser),
          );
          return unit(taker, most, why, 16);
        }),
        ...(commits.length > rows.length
          ? [h("p", "note", `and ${commits.length - rows.length} more, which save less`)]
          : []),
      ];
    }),
    ...notes.map((note) => h("p", "note", note)),
  ];
}

/** What superseded an output: pointed at it is read out, pressed the cursor goes there. */
function later(by: string, commit: string, adviser: Adviser): HTMLElement {
  return h(
    "button",
    {
      class: "link mono",
      onclick: () => adviser.go(by),
      onpointerenter: () => adviser.hover(by),
      onpointerleave: () => adviser.hover(commit),
    },
    by.slice(0, 8),
  );
}

function figures({ units, tokens, saved, next, later, making, calls }: Way): HTMLElement[] {
  const price = (dollars: number | null) =>
    dollars === null ? "" : dollars > 0 && dollars < 0.0005 ? "<$0.001" : money(dollars);
  const isPriced = next !== null && making !== null;
  const pays = calls === null ? "never" : calls === 1 ? "at once" : counted(calls, "call");
  return [
    span("number dim", exact(units)),
    span("number", span("dim", `${short(tokens + saved)} → `), h("b", "saved", short(tokens))),
    span("number", price(next)),
    span("number optional", price(later)),
    span("number optional", price(making || null)),
    span("number", isPriced ? pays : ""),
  ];
}
