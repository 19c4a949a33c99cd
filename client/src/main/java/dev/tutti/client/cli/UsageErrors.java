package dev.tutti.client.cli;

import dev.tutti.proto.spec.DidYouMean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A command line that cannot be understood: one sentence, and where to read more. */
final class UsageErrors implements IParameterExceptionHandler {
    private final Shell shell;

    UsageErrors(Shell shell) {
        this.shell = shell;
    }

    @Override
    public int handleParseException(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        shell.say("%s: %s".formatted(name, sentence(e, command, arguments)));
        shell.say("'%s --help' shows how it is used".formatted(name));
        return ExitCodes.USAGE;
    }

    private static String sentence(ParameterException e, CommandLine command, String[] arguments) {
        List<String> unknown = e instanceof UnmatchedArgumentException unmatched
                ? unmatched.getUnmatched()
                : unknownOptions(command, arguments);
        if (unknown.isEmpty()) {
            return uncapitalized(String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        }
        String word = unknown.getFirst();
        boolean option = word.startsWith("-");
        boolean expectsCommand = !option && !command.getSubcommands().isEmpty();
        String kind = option ? "unknown option" : expectsCommand ? "unknown command" : "unexpected argument";
        String typed = option ? word.replaceFirst("=.*", "") : word;
        return "%s '%s'%s".formatted(kind, typed, suggestion(typed, candidates(command, option)));
    }

    /** A mistyped option explains better than what is missing because of it. */
    private static List<String> unknownOptions(CommandLine command, String[] arguments) {
        return Arrays.stream(arguments)
                .filter(argument -> argument.startsWith("--"))
                .filter(argument -> command.getCommandSpec().findOption(argument.replaceFirst("=.*", "")) == null)
                .toList();
    }

    private static List<String> candidates(CommandLine command, boolean option) {
        if (!option) {
            return List.copyOf(command.getSubcommands().keySet());
        }
        var names = new ArrayList<String>();
        command.getCommandSpec().options().forEach(known -> names.addAll(List.of(known.names())));
        return names;
    }

    private static String suggestion(String typed, List<String> candidates) {
        return DidYouMean.suggest(typed, candidates)
                .map(candidate -> "; did you mean '" + candidate + "'?")
                .orElse("");
    }

    private static String uncapitalized(String text) {
        return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }
}
