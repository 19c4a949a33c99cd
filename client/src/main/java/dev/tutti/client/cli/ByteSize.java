package dev.tutti.client.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How many, perhaps with a binary or a decimal prefix: 64MiB, 16Mi, 4k, 1000000. */
record ByteSize(long count) {
    private static final Pattern WRITTEN =
            Pattern.compile("(\\d{1,15})\\s*(([kmgt])(i?))?(b?)", Pattern.CASE_INSENSITIVE);

    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String text) {
            Matcher matcher = WRITTEN.matcher(text.strip());
            if (!matcher.matches()) {
                throw new TypeConversionException("'" + text + "' is no size; write 64MiB, 16Mi or 1000000");
            }
            long base = matcher.group(4) == null || matcher.group(4).isEmpty() ? 1000 : 1024;
            int power = matcher.group(3) == null
                    ? 0
                    : "kmgt".indexOf(matcher.group(3).toLowerCase(Locale.ROOT)) + 1;
            try {
                long count = Long.parseLong(matcher.group(1));
                for (int i = 0; i < power; i++) {
                    count = Math.multiplyExact(count, base);
                }
                return new ByteSize(count);
            } catch (ArithmeticException _) {
                throw new TypeConversionException("'" + text + "' is too large");
            }
        }
    }
}
