namespace Cluster.Client;

/// <summary>Limits of a client.</summary>
public sealed record ApiClientOptions
{
    public static readonly ApiClientOptions Default = new();

    /// <summary>A request that has no answer by then has failed; watches have no such limit, pings keep them honest.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest answer read: a list of 10,000 objects of 20 kB fits.</summary>
    public int MaxResponseBytes { get; init; } = 256 << 20;

    /// <summary>The largest single watch event: the store holds objects of 1.5 MB, JSON may triple them.</summary>
    public int MaxWatchEventBytes { get; init; } = 8 << 20;

    /// <summary>How often a request that the server answers with "later" (429, 503 with Retry-After) is sent again.</summary>
    public int MaxRetries { get; init; } = 10;

    /// <summary>REST request bodies in Kubernetes' protobuf instead of JSON; answers are taken in either.</summary>
    public bool ProtobufBodies { get; init; }

    /// <summary>Who asks, for the server's logs.</summary>
    public string UserAgent { get; init; } = "cluster/0.1.0";

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
