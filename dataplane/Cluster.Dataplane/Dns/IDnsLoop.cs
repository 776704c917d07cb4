namespace Cluster.Dataplane.Dns;

/// <summary>Answers the datagrams of one socket until it is disposed, which must come after the forwarder's end.</summary>
internal interface IDnsLoop : IAsyncDisposable;
