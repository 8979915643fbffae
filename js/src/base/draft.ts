// What would stand for some units, word by word, before anything is written.
import styles from "./draft.css";
import { counted, short } from "./format";
import { h, span } from "./h";
import { sheets } from "./sheets";

sheets.push(styles);

/** What Python drafted: a text for each run of units. */
export interface Draft {
  groups: readonly {
    text: string;
    units: number;
    before: number;
    after: number;
    /** Names that the text no longer has; `more` are not listed. */
    lost: readonly string[];
    more: number;
  }[];
  notes: readonly string[];
}

/** How many units a draft stands for. */
export function unitsOf({ groups }: Draft): number {
  return groups.reduce((sum, group) => sum + group.units, 0);
}

export function drawDraft({ groups, notes }: Draft): HTMLElement {
  return h(
    "div",
    { class: "draft", tabindex: 0, role: "group", "aria-label": "What would stand there" },
    groups.flatMap(({ text, units, before, after, lost, more }) => [
      h("p", null, `${counted(units, "unit")} ${short(before)} → ${short(after)}`),
      h("pre", null, text),
      lost.length > 0 &&
        h(
          "p",
          null,
          span("bad", `${counted(lost.length + more, "name")} left out: `),
          lost.join(", "),
          more > 0 && " …",
        ),
    ]),
    notes.map((note) => h("p", null, note)),
  );
}
