package dev.tutti.node;

import java.util.function.BooleanSupplier;

/**
 * One thing that must hold before a process takes work; {@code /readyz} names those that do not. Asked on a management thread;
 * must not block.
 *
 * @param name as it stands in {@code /readyz}, e.g. {@code journal}
 */
public record ReadinessCheck(String name, BooleanSupplier holds) {}
