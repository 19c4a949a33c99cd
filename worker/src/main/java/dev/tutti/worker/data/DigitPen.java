package dev.tutti.worker.data;

import java.util.List;

/**
 * Draws one digit: a variant of its strokes, its points moved a little, turned, stretched, slanted and shifted; then a stray stroke at
 * times, and noise. Not thread-safe.
 */
final class DigitPen {
    private static final double TREMBLE = 0.03;
    private static final double MAX_TURN = 0.17;
    private static final double MAX_SLANT = 0.2;
    private static final double MAX_SHIFT = 1.7;
    private static final double STRAY_STROKE_CHANCE = 0.12;
    private static final int NOISE = 20;

    private final DigitRandom random;
    private final DigitCanvas canvas = new DigitCanvas(DrawnDigits.SIDE);

    DigitPen(DigitRandom random) {
        this.random = random;
    }

    /** Writes SIDE × SIDE bytes, ink bright on dark ground, from {@code offset} on. */
    void draw(int digit, long image, byte[] target, int offset) {
        random.startAt(image);
        canvas.clear();
        List<List<DigitStrokes.Path>> variants = DigitStrokes.variants(digit);
        List<DigitStrokes.Path> paths = variants.get((int) (random.unit() * variants.size()));
        canvas.choosePen(random.between(0.75, 1.55), random.between(0.7, 1.0));
        Placement placement = randomPlacement();
        for (DigitStrokes.Path path : paths) {
            stroke(path, placement);
        }
        if (random.unit() < STRAY_STROKE_CHANCE) {
            strayStroke();
        }
        random.noise(canvas.pixels(), NOISE, target, offset);
    }

    private Placement randomPlacement() {
        double width = random.between(11.5, 18);
        double height = random.between(16, 21);
        double turn = random.between(-MAX_TURN, MAX_TURN);
        double slant = random.between(-MAX_SLANT, MAX_SLANT);
        double middle = (DrawnDigits.SIDE - 1) / 2.0;
        return new Placement(
                width,
                height,
                slant,
                StrictMath.cos(turn),
                StrictMath.sin(turn),
                middle + random.between(-MAX_SHIFT, MAX_SHIFT),
                middle + random.between(-MAX_SHIFT, MAX_SHIFT));
    }

    private void stroke(DigitStrokes.Path path, Placement placement) {
        double[] placed = new double[2 * path.size()];
        for (int i = 0; i < path.size(); i++) {
            double x = path.x(i) - 0.5 + random.between(-TREMBLE, TREMBLE);
            double y = path.y(i) - 0.5 + random.between(-TREMBLE, TREMBLE);
            placed[2 * i] = placement.x(x, y);
            placed[2 * i + 1] = placement.y(x, y);
        }
        if (path.smooth()) {
            canvas.curve(placed);
        } else {
            canvas.line(placed);
        }
    }

    private void strayStroke() {
        double x = random.between(2, DrawnDigits.SIDE - 2);
        double y = random.between(2, DrawnDigits.SIDE - 2);
        canvas.line(new double[] {x, y, x + random.between(-6, 6), y + random.between(-6, 6)});
    }

    /** Unit square around the origin → pixels. */
    private record Placement(
            double width, double height, double slant, double cos, double sin, double middleX, double middleY) {
        double x(double x, double y) {
            return middleX + cos * slanted(x, y) - sin * height * y;
        }

        double y(double x, double y) {
            return middleY + sin * slanted(x, y) + cos * height * y;
        }

        private double slanted(double x, double y) {
            return width * x - slant * height * y;
        }
    }
}
