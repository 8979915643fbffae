// For bundles that show the colours of the lanes: import it for its style alone.
import styles from "./lanes.css";
import { sheets } from "./sheets";

sheets.push(styles);
