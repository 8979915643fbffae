// For bundles that show words that were put in or taken out: import it for its style alone.

import { sheets } from "./sheets";
import styles from "./words.css";

sheets.push(styles);
