package dev.tutti.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** What the launcher starts in its tests: prints its arguments and a property, and ends with the code it is told. */
final class EchoProgram {
    private static final String SOURCE = """
        package dev.tutti.client.cli;

        class Tutti {
            public static void main(String[] arguments) {
                var out = new java.io.PrintStream(System.out, true, java.nio.charset.StandardCharsets.UTF_8);
                for (String argument : arguments) {
                    out.println("<" + argument + ">");
                }
                out.print(System.getProperty("echo", ""));
                out.flush();
                System.exit(Integer.getInteger("exit", 0));
            }
        }
        """;
    private static final String CLASS_FILE = "dev/tutti/client/cli/Tutti.class";
    // Once for all tests: it takes longer than most of them.
    private static final byte[] JAR = compile();

    private EchoProgram() {}

    static void writeJar(Path file) throws IOException {
        Files.write(file, JAR);
    }

    private static byte[] compile() {
        try {
            Path folder = Files.createTempDirectory("echo-program");
            Path source = Files.writeString(folder.resolve("Tutti.java"), SOURCE);
            int exit = ToolProvider.getSystemJavaCompiler()
                    .run(null, null, null, "-proc:none", "-d", folder.toString(), source.toString());
            if (exit != 0) {
                throw new AssertionError("javac ended with " + exit);
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (JarOutputStream jar = new JarOutputStream(bytes)) {
                jar.putNextEntry(new JarEntry(CLASS_FILE));
                jar.write(Files.readAllBytes(folder.resolve(CLASS_FILE)));
            }
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
