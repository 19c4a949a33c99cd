package dev.tutti.worker.data;

import java.util.Arrays;
import java.util.List;

/**
 * The pen's paths for each digit, as people write them, with variants. A path is a list of points in a unit square (x to the right, y
 * down); a curve passes through all of them smoothly, a line has corners.
 */
final class DigitStrokes {
    private static final List<List<List<Path>>> VARIANTS = List.of(
            List.of(
                    List.of(curve("50 0, 20 12, 8 50, 22 88, 50 100, 78 88, 92 50, 80 12, 50 0")),
                    List.of(curve("62 4, 30 8, 10 45, 20 86, 48 100, 80 84, 90 46, 74 12, 46 2"))),
            List.of(
                    List.of(line("50 0, 50 100")),
                    List.of(line("28 22, 55 0, 55 100")),
                    List.of(line("30 20, 52 0, 52 100"), line("28 100, 78 100"))),
            List.of(
                    List.of(curve("14 24, 30 4, 60 0, 82 20, 72 48, 40 74, 12 98"), line("12 98, 90 98")),
                    List.of(curve("16 22, 40 0, 74 8, 80 34, 52 66, 18 92, 30 100, 60 88, 90 98"))),
            List.of(
                    List.of(curve("16 14, 42 0, 76 10, 76 36, 44 48"), curve("44 48, 82 58, 84 86, 50 100, 14 88")),
                    List.of(line("16 2, 82 2, 46 42"), curve("46 42, 82 56, 80 88, 46 100, 14 86"))),
            List.of(
                    List.of(line("62 0, 8 66, 92 66"), line("66 30, 66 100")),
                    List.of(line("22 0, 16 52, 84 52"), line("80 0, 74 100"))),
            List.of(
                    List.of(line("82 2, 26 2, 20 44"), curve("20 44, 56 36, 86 62, 70 94, 38 100, 12 86")),
                    List.of(line("24 2, 22 42"), curve("22 42, 60 38, 84 68, 62 96, 14 92"), line("24 2, 84 0"))),
            List.of(
                    List.of(curve("72 2, 36 22, 14 64, 28 96, 62 98, 82 74, 62 52, 30 58, 16 74")),
                    List.of(curve("56 0, 24 34, 16 76, 42 100, 76 86, 74 60, 46 52, 20 70"))),
            List.of(
                    List.of(line("10 2, 88 2, 42 100")),
                    List.of(curve("12 8, 50 2, 88 4, 62 46, 46 100"), line("32 52, 78 50"))),
            List.of(
                    List.of(curve(
                            "50 48, 22 34, 24 8, 50 0, 76 8, 78 34, 50 48, 18 66, 20 94, 50 100, 80 94, 82 66, 50 48")),
                    List.of(curve("78 12, 48 0, 22 18, 44 46, 76 66, 72 96, 34 98, 18 74, 48 48, 80 24, 74 8"))),
            List.of(
                    List.of(curve("80 26, 56 2, 24 14, 20 42, 48 54, 76 38, 80 18"), line("80 20, 72 100")),
                    List.of(curve("78 20, 46 0, 18 26, 40 50, 74 36, 82 14, 80 60, 62 94, 26 98"))));

    private DigitStrokes() {}

    /** Ways to write a digit. */
    static List<List<Path>> variants(int digit) {
        return VARIANTS.get(digit);
    }

    private static Path curve(String points) {
        return new Path(true, parse(points));
    }

    private static Path line(String points) {
        return new Path(false, parse(points));
    }

    /** Percent of the square, "x y, x y, …". */
    private static double[] parse(String points) {
        return Arrays.stream(points.split("[ ,]+"))
                .mapToDouble(number -> Double.parseDouble(number) / 100)
                .toArray();
    }

    /** Points to pass through, smoothly or with corners. Immutable. */
    static final class Path {
        private final boolean smooth;
        private final double[] coordinates;

        private Path(boolean smooth, double[] coordinates) {
            this.smooth = smooth;
            this.coordinates = coordinates;
        }

        boolean smooth() {
            return smooth;
        }

        int size() {
            return coordinates.length / 2;
        }

        double x(int point) {
            return coordinates[2 * point];
        }

        double y(int point) {
            return coordinates[2 * point + 1];
        }
    }
}
