using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Rest;

/// <summary>An object's metadata alone, for clients that want nothing else of it.</summary>
internal static class PartialMetadata
{
    /// <param name="obj">The object; its metadata is shared.</param>
    /// <param name="version">The apiVersion the client asked for.</param>
    public static EncodedMessage Of(IApiObject obj, string version) =>
        new(new PartialObjectMetadata { Metadata = obj.Metadata }, version, nameof(PartialObjectMetadata));
}
