/** Payloads through memory that two processes of one machine share; docs/adr/0008. */
@NullMarked
package dev.tutti.node.sharedmemory;

import org.jspecify.annotations.NullMarked;
