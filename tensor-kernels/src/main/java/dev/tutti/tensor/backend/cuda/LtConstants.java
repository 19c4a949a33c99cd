package dev.tutti.tensor.backend.cuda;

/** Of {@code cublasLt.h} and {@code library_types.h}, by the names that they have there. */
final class LtConstants {
    static final int CUBLAS_STATUS_INVALID_VALUE = 7;
    static final int CUBLAS_STATUS_NOT_SUPPORTED = 15;

    static final int CUBLAS_COMPUTE_32F = 68;
    static final int CUBLAS_COMPUTE_32F_FAST_TF32 = 77;

    static final int CUDA_R_32F = 0;
    static final int CUDA_R_16F = 2;
    static final int CUDA_R_16BF = 14;

    static final int CUBLAS_OP_N = 0;
    static final int CUBLAS_OP_T = 1;

    static final int CUBLASLT_MATMUL_DESC_TRANSA = 3;
    static final int CUBLASLT_MATMUL_DESC_TRANSB = 4;
    static final int CUBLASLT_MATMUL_DESC_EPILOGUE = 7;
    static final int CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8;

    static final int CUBLASLT_EPILOGUE_DEFAULT = 1;
    static final int CUBLASLT_EPILOGUE_BIAS = 4;
    static final int CUBLASLT_EPILOGUE_RELU_BIAS = 6;

    static final int CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1;
    static final int CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3;
    static final int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5;
    static final int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6;
    static final int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7;
    static final int CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8;

    static final int CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE = 2;
    static final int CUBLASLT_REDUCTION_SCHEME_MASK = 7;

    private LtConstants() {}
}
