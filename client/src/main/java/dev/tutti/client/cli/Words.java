package dev.tutti.client.cli;

/** Small turns of phrase. */
final class Words {
    private Words() {}

    /** {@code 1 worker}, {@code 2 workers}. */
    static String count(int count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
