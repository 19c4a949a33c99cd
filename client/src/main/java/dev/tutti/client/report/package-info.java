/** How jobs are shown: tables, JSON, YAML and the live progress line. */
@NullMarked
package dev.tutti.client.report;

import org.jspecify.annotations.NullMarked;
