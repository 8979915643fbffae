// The review of a merge: what both sides did, what shall stand, and applying it.
import { widget } from "./base/ground";
import "./base/find";
import "./base/lanes";
import styles from "./merge/merge.css";
import type { MergeState } from "./merge/state";
import { MergeView } from "./merge/view";

export default widget<MergeState>("Review of a merge", styles, (ground) => {
  new MergeView(ground);
});
