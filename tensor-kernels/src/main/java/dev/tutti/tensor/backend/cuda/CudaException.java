package dev.tutti.tensor.backend.cuda;

import java.util.Set;

/** A CUDA library could not do what it was asked to. */
final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** {@code CUDA_ERROR_…} after which a context does nothing any more: of addresses, instructions, launches, and of the hardware. */
    private static final Set<Integer> STICKY =
            Set.of(4, 46, 201, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 999);

    private final int code;

    CudaException(String function, int code, String explanation) {
        super("%s failed with %d: %s".formatted(function, code, explanation));
        this.code = code;
    }

    /** As in {@code cuda.h}, {@code nvrtc.h} or {@code cublasLt.h}. */
    int code() {
        return code;
    }

    /** Whether nothing can be done in this process' context any more: the process has to end, and be started again. */
    boolean isSticky() {
        return STICKY.contains(code);
    }
}
