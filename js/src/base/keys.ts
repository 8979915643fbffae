// Keys of a widget: one table that is both obeyed and listed by "?".

export interface Key {
  /** As a person writes it: "p", "shift+z", "ArrowDown", "?"; several where more than one does it. */
  key: string | readonly string[];
  /** What it does, for the list of keys; without one it is not listed. */
  label?: string;
  /** Held down, it does it once: what is written is not repeated as a move is. */
  once?: true;
  run(event: KeyboardEvent): void;
}

const NAMES: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Enter: "↵",
  Escape: "Esc",
  " ": "Space",
};

/** The name of the key that was pressed, with shift where it changes no sign; null for those of the page. */
export function pressed(event: KeyboardEvent): string | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const { key } = event;
  const isLetter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  const name = isLetter ? key.toLowerCase() : key;
  return event.shiftKey && (isLetter || key.length > 1) ? `shift+${name}` : name;
}

/** What stands on the caps: "shift+z" is ⇧z. */
export function cap(key: string): string {
  const shifted = key.startsWith("shift+");
  const plain = shifted ? key.slice("shift+".length) : key;
  return `${shifted ? "⇧" : ""}${NAMES[plain] ?? plain}`;
}

export function caps(key: Pick<Key, "key">): string[] {
  return (typeof key.key === "string" ? [key.key] : key.key).map(cap);
}

/** Obey a table of keys inside an element; what is typed into a field is text. */
export function obey(element: HTMLElement, table: readonly Key[], signal: AbortSignal): void {
  const byName = new Map<string, Key>();
  for (const entry of table) {
    for (const name of typeof entry.key === "string" ? [entry.key] : entry.key) byName.set(name, entry);
  }
  element.addEventListener(
    "keydown",
    (event) => {
      const at = event.composedPath()[0];
      if (event.defaultPrevented || isField(at)) return;
      const name = pressed(event);
      const found = name === null ? undefined : byName.get(name);
      // a button, a link or a summary in focus is pressed by Enter and Space as everywhere
      if (!found || ((name === "Enter" || name === " ") && isPressable(at))) return;
      event.preventDefault();
      if (!(event.repeat && found.once)) found.run(event);
    },
    { signal },
  );
}

function isField(at: EventTarget | undefined): boolean {
  return (
    at instanceof HTMLElement &&
    (at.matches("textarea, select, input:not([type=checkbox])") || at.isContentEditable)
  );
}

function isPressable(at: EventTarget | undefined): boolean {
  return (
    at instanceof HTMLElement && at.matches("button, a[href], summary, input[type=checkbox], [role=menuitem]")
  );
}
