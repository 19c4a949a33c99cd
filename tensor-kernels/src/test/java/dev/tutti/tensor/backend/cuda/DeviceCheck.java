package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.BackendUnavailableException;

/** Says which GPU tests would run on, or, with exit code 2, why there is none. */
final class DeviceCheck {
    private static final int UNAVAILABLE = 2;

    private DeviceCheck() {}

    public static void main(String[] arguments) {
        try {
            System.out.println(CudaDevice.open().numerics());
        } catch (BackendUnavailableException e) {
            System.err.println("tutti: " + e.getMessage());
            System.exit(UNAVAILABLE);
        }
    }
}
