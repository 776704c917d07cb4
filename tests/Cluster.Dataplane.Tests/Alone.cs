namespace Cluster.Dataplane.Tests;

/// <summary>Tests that measure or change the whole process run one at a time, after all others.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
