package dev.tutti.proto.wording;

import java.util.List;

/** Small turns of phrase. */
public final class Words {
    private Words() {}

    /** {@code Worker a}, {@code Workers a, b and c}. */
    public static String named(String noun, List<String> names) {
        int last = names.size() - 1;
        return last == 0
                ? noun + " " + names.getFirst()
                : noun + "s " + String.join(", ", names.subList(0, last)) + " and " + names.get(last);
    }

    /** {@code 1 worker}, {@code 2 workers}. */
    public static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
