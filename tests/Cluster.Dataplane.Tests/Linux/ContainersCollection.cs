namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Tests that share the two containers, one after another.</summary>
[CollectionDefinition(nameof(Containers))]
public sealed class ContainersCollection : ICollectionFixture<Containers>;
