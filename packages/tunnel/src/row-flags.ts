/** What column `flags` of a packet on its way out says beyond the 8 bits that travel and the ECN field in bits 9 and 10. */

/** The packet takes several paths. */
export const FLAG_COPIED = 0x100
/** It is a control frame. */
export const FLAG_CONTROL = 0x800
/** The peer need not tell that it came, as of a report. */
export const FLAG_UNANSWERED = 0x1000
