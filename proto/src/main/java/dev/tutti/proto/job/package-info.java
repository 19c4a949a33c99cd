/** What a job's state means, the same for everyone. */
@NullMarked
package dev.tutti.proto.job;

import org.jspecify.annotations.NullMarked;
