/** When a gradient is applied: what synchronous and asynchronous jobs differ in. */
@NullMarked
package dev.tutti.parameterserver.policy;

import org.jspecify.annotations.NullMarked;
