package dev.tutti.it.simulation;

import java.util.List;

/** What all workers of a simulation share. */
record Cluster(
        Scenario scenario,
        Placement placement,
        Network network,
        Cores cores,
        List<SimulatedShard> shards,
        Progress progress) {}
