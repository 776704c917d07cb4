using Cluster.Api;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Brings the objects of an added kind into one of its versions, by whatever means its definition names. Safe for concurrent use.</summary>
internal interface IObjectConverter
{
    /// <summary>The version of what it makes.</summary>
    ResourceType Version { get; }

    /// <summary>The objects in the version, in their order.</summary>
    /// <exception cref="StatusException">500: the webhook failed, or what it made of one is none of the kind.</exception>
    ValueTask<IReadOnlyList<ObjectVersion>> ConvertAsync(IReadOnlyList<ObjectVersion> objects, CancellationToken cancellationToken);
}
