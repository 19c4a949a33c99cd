package dev.tutti.worker.data;

import java.util.Arrays;

/** A square of brightness, [0, 1] a pixel, and a round pen with a soft edge of one pixel. Not thread-safe. */
final class DigitCanvas {
    private static final int SEGMENTS_PER_SPAN = 5;

    private final int side;
    private final float[] pixels;
    private double radius;
    private double ink;

    DigitCanvas(int side) {
        this.side = side;
        this.pixels = new float[side * side];
    }

    /** Row by row; the canvas's own. */
    float[] pixels() {
        return pixels;
    }

    void clear() {
        Arrays.fill(pixels, 0);
    }

    /**
     * @param newRadius in pixels
     *
     * @param newInk brightness of the stroke
     */
    void choosePen(double newRadius, double newInk) {
        radius = newRadius;
        ink = newInk;
    }

    /**
     * Straight from point to point.
     *
     * @param points x and y in turn, in pixels
     */
    void line(double[] points) {
        for (int i = 0; i + 3 < points.length; i += 2) {
            segment(points[i], points[i + 1], points[i + 2], points[i + 3]);
        }
    }

    /**
     * A Catmull-Rom spline through the points.
     *
     * @param points x and y in turn, in pixels
     */
    void curve(double[] points) {
        int size = points.length / 2;
        double x = points[0];
        double y = points[1];
        for (int span = 0; span + 1 < size; span++) {
            for (int s = 1; s <= SEGMENTS_PER_SPAN; s++) {
                double t = (double) s / SEGMENTS_PER_SPAN;
                double nextX = spline(points, span, 0, t);
                double nextY = spline(points, span, 1, t);
                segment(x, y, nextX, nextY);
                x = nextX;
                y = nextY;
            }
        }
    }

    private static double spline(double[] points, int span, int axis, double t) {
        int last = points.length / 2 - 1;
        double before = points[2 * Math.max(0, span - 1) + axis];
        double from = points[2 * span + axis];
        double to = points[2 * (span + 1) + axis];
        double after = points[2 * Math.min(last, span + 2) + axis];
        return from
                + 0.5
                        * t
                        * (to
                                - before
                                + t
                                        * (2 * before
                                                - 5 * from
                                                + 4 * to
                                                - after
                                                + t * (3 * (from - to) + after - before)));
    }

    private void segment(double x1, double y1, double x2, double y2) {
        double reach = radius + 0.5;
        int left = clamp(Math.floor(Math.min(x1, x2) - reach));
        int right = clamp(Math.ceil(Math.max(x1, x2) + reach));
        int top = clamp(Math.floor(Math.min(y1, y2) - reach));
        int bottom = clamp(Math.ceil(Math.max(y1, y2) + reach));
        double dx = x2 - x1;
        double dy = y2 - y1;
        double inverseSquare = 1 / Math.max(1e-9, dx * dx + dy * dy);
        for (int y = top; y <= bottom; y++) {
            for (int x = left; x <= right; x++) {
                double t = Math.clamp(((x - x1) * dx + (y - y1) * dy) * inverseSquare, 0.0, 1.0);
                double ex = x - x1 - t * dx;
                double ey = y - y1 - t * dy;
                double square = ex * ex + ey * ey;
                if (square < reach * reach) {
                    float brightness = (float) (ink * Math.min(1, reach - Math.sqrt(square)));
                    int at = y * side + x;
                    pixels[at] = Math.max(pixels[at], brightness);
                }
            }
        }
    }

    private int clamp(double pixel) {
        return (int) Math.clamp(pixel, 0, side - 1);
    }
}
