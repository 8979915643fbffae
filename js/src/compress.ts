// The review of a compression: originals beside drafts, what gets lost, and approving group by group.
import { widget } from "./base/ground";
import "./base/find";
import "./base/lanes";
import styles from "./compress/compress.css";
import type { CompressState } from "./compress/state";
import { CompressView } from "./compress/view";

export default widget<CompressState>("Review of a compression", styles, (ground) => {
  new CompressView(ground);
});
