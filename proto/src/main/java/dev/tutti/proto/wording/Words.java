package dev.tutti.proto.wording;

/** Small turns of phrase. */
public final class Words {
    private Words() {}

    /** {@code 1 worker}, {@code 2 workers}. */
    public static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
