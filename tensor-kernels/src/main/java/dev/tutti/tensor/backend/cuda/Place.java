package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.ElementType;

/** Elements on the device, one behind the other from the address on. */
record Place(ElementType type, long address) {
    /** As a kernel's macro, such as {@code X=bf16}. */
    String macro(String name) {
        return name + "=" + type;
    }
}
