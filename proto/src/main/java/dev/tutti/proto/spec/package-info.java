/** What a valid JobSpec is: defaults and rules, the same for everyone. */
@NullMarked
package dev.tutti.proto.spec;

import org.jspecify.annotations.NullMarked;
