// What can be done to commits: its keys, what it takes, when it is offered.
import type { Icon } from "../base/icons_history";
import type { Detail } from "./model";

export interface Action {
  name: string;
  key: string;
  label: string;
  icon: Icon;
  /** How many commits it takes: one, two, or any number. */
  takes: "one" | "two" | "any";
  /** What it asks for before it can be done. */
  asks?: "name" | "text" | "draft" | undefined;
}

const TABLE: readonly [string, string, string, Icon, Action["takes"], Action["asks"]?][] = [
  ["pin", "p", "Pin", "pin", "any"],
  ["skip", "s", "Skip", "skip", "any"],
  ["important", "i", "Important", "flag", "any"],
  ["unmark", "u", "Unmark", "x", "any"],
  ["mask", "m", "Mask", "mask", "any"],
  ["restore", "x", "Restore", "redo", "any"],
  ["structural", "c", "Compress…", "compress", "any", "draft"],
  ["branch", "b", "Branch…", "branch", "one", "name"],
  ["edit", "e", "Edit…", "edit", "one", "text"],
  ["checkout", "o", "Check out", "checkout", "one"],
  ["diff", "d", "Diff", "diff", "two"],
  ["tag", "t", "Tag…", "tag", "one", "name"],
  ["reset", "r", "Reset…", "undo", "one"],
  ["merge", "shift+m", "Merge in…", "merge", "one"],
  ["rebase", "shift+b", "Rebase onto…", "branch", "one"],
  ["pick", "k", "Pick", "copy", "any"],
  ["delete", "shift+d", "Delete…", "x", "one"],
];
export const ACTIONS: readonly Action[] = TABLE.map(([name, key, label, icon, takes, asks]) => ({
  name,
  key,
  label,
  icon,
  takes,
  asks,
}));
export const ASKS_FIRST = /^(reset|merge|rebase|delete)$/;
const OF_OTHERS = /^(merge|rebase|pick|delete)$/; // for commits of another line than HEAD's

/** An action's name in words, without what says that it asks. */
export function wordOf({ label }: Action): string {
  return label.replace("…", "");
}

/** What is offered for one commit, or for several; what is not is not in the way. */
export function offered(detail: Detail | null, isMasked: boolean): Action[] {
  return ACTIONS.filter(({ name }) =>
    name === "restore"
      ? isMasked || detail?.kind === "summary"
      : name === "mask"
        ? !isMasked
        : !OF_OTHERS.test(name) || (detail ? detail.away : name === "pick"),
  ).map((action) => (isMasked && action.name === "restore" ? { ...action, label: "Unmask" } : action));
}

/** Why an action cannot be done to so many commits; empty where it can. */
export function refusal(
  action: Action,
  count: number,
  detail: Detail | null,
  isMasked: boolean,
  alive: boolean,
): string {
  const { name, takes } = action;
  if (!alive && name !== "diff") return "not live";
  if (!count) return "nothing is selected";
  if (takes === "one" && count !== 1) return "takes one commit";
  if (takes === "two" && count > 2) return "takes two commits";
  return name === "restore" && detail && detail.kind !== "summary" && !isMasked
    ? "takes a summary, or what is masked"
    : "";
}
