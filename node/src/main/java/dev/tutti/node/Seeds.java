package dev.tutti.node;

import dev.tutti.proto.v1.Role;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Whom a node asks to be let in. */
final class Seeds {
    private Seeds() {}

    /**
     * Addresses in the order they are asked. A coordinator whose own address is the first begins a cluster if none of the others
     * answers; so the members it knew before it crashed follow it, and those where nobody listens are left out.
     *
     * @param own this node's cluster address
     * @param known members of its cluster when it last ran
     * @param nobodyListens asked only of a coordinator's other addresses
     */
    static List<String> of(NodeConfig config, String own, List<String> known, Predicate<HostPort> nobodyListens) {
        List<String> configured = config.cluster().seeds();
        List<String> seeds = configured.isEmpty() ? List.of(own) : configured;
        if (config.role() != Role.ROLE_COORDINATOR || !seeds.getFirst().equals(own)) {
            return seeds;
        }
        Set<String> others = new LinkedHashSet<>(seeds);
        others.addAll(known);
        others.remove(own);
        others.removeIf(other -> HostPort.parse(other).filter(nobodyListens).isPresent());
        List<String> all = new ArrayList<>(List.of(own));
        all.addAll(others);
        return List.copyOf(all);
    }
}
