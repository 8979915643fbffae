// Figures as every widget writes them.

const MINUS = "−";

/** 999, 1.0k, 15.2k, 141.1k, 1.2M; a minus is a minus sign. */
export function short(count: number): string {
  const size = Math.abs(count);
  const sign = count < 0 ? MINUS : "";
  if (size < 1000) return `${sign}${Math.round(size)}`;
  if (size < 999_950) return `${sign}${(size / 1000).toFixed(1)}k`;
  return `${sign}${(size / 1_000_000).toFixed(1)}M`;
}

/** 160k, where a round thousand needs no decimal. */
export function round(count: number): string {
  return short(count).replace(/\.0(?=[kM])/, "");
}

/** 15,189 */
export function exact(count: number): string {
  return `${count < 0 ? MINUS : ""}${Math.abs(count).toLocaleString("en-US")}`;
}

/** $0.071 below ten cents, $0.60 above. */
export function money(dollars: number): string {
  const size = Math.abs(dollars);
  return `${dollars < 0 ? MINUS : ""}$${size.toFixed(size < 0.0995 ? 3 : 2)}`;
}

/** 10.8 % */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** "1 commit", "2 commits" */
export function counted(count: number, one: string): string {
  return `${exact(count)} ${one}${count === 1 ? "" : "s"}`;
}

/** 2026-03-12 16:44:05, local time, for a tooltip. */
export function moment(us: number): string {
  const then = new Date(us / 1000);
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  return `${day} ${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
}

function two(count: number): string {
  return String(count).padStart(2, "0");
}
