package dev.tutti.worker.data;

/** The tokens of a text, kept once: in a byte each if there are no more than 256 different ones, else in an int. */
sealed interface TokenIds {
    int count();

    int at(int index);

    /** At most 256 different ones. */
    final class Small implements TokenIds {
        private final byte[] tokens;

        /** @param tokens not copied */
        Small(byte[] tokens) {
            this.tokens = tokens;
        }

        @Override
        public int count() {
            return tokens.length;
        }

        @Override
        public int at(int index) {
            return Byte.toUnsignedInt(tokens[index]);
        }
    }

    /** Any number of different ones. */
    final class Large implements TokenIds {
        private final int[] tokens;

        /** @param tokens not copied */
        Large(int[] tokens) {
            this.tokens = tokens;
        }

        @Override
        public int count() {
            return tokens.length;
        }

        @Override
        public int at(int index) {
            return tokens[index];
        }
    }
}
