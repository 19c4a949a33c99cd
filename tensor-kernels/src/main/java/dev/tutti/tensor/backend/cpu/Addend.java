package dev.tutti.tensor.backend.cpu;

import java.lang.foreign.MemorySegment;

/** What a product is added to. */
sealed interface Addend {
    record None() implements Addend {}

    /** What is there where the result is written. */
    record Result() implements Addend {}

    /** @param memory f32, as long as a row of the result, to each of which it is added */
    record Row(MemorySegment memory) implements Addend {}
}
